// What the scripts of the drawer's pages write.

export const words = {
  notAnAmount: (sample) => `Enter an amount such as ${sample}.`,
  chooseReason: "Choose a reason.",
  pinMissing: "Ask the lead to enter their PIN.",
  silent: "The box is not answering.",
  full: "The box’s card is full. The lead frees space.",
  stay: "This page stays here until it does; what you typed is kept.",
  putIn: (amount) => `Put in ${amount}`.trim(),
  takeOut: (amount) => `Take out ${amount}`.trim(),
  openWith: (amount) => (amount ? `Open with ${amount}` : "Open the drawer"),
  keptAt: (time) => `These numbers are from ${time}. Sold something since? Then count anew.`,
  begun: (amount, time) => `A count waits on this tablet: ${amount}, from ${time}.`,
  waits: {
    open: "Opening the drawer waits; it is sent once.",
    move: "The cash movement waits; it is sent once.",
    unlock: "The drawer opens when it does.",
    count: "The count waits; it is sent once.",
    close: "Closing waits; there will be one Z.",
    x: "The X report waits.",
    reprint: "The copy waits; one is printed.",
  },
  rests: {
    unlock: "The box did not answer. Press again; if it answers late, the drawer opens once.",
    x: "The box did not answer. Press again.",
    reprint: "The box did not answer. Press again; one copy is printed.",
  },
  done: {
    open: "The drawer is open.",
    move: "The cash movement is recorded.",
    unlock: "The no-sale is recorded.",
    count: "The count is recorded.",
    close: "The drawer is closed; its Z report is below.",
    x: "The X report is being printed.",
    reprint: "The copy is being printed.",
  },
};
