// What the scripts of sales and refunds write.

export const words = {
  silent: "The box is not answering. Nothing was asked of it yet; try again.",
  sending: "Going to the box …",
  pinMissing: "Ask the lead to enter their PIN here.",
  changed: "Something of this sale changed meanwhile. What stands here is how it is now.",
  uncertain: "It is not certain yet whether money of a sale was given back.",
  askAgain: "Ask the box again",
};
