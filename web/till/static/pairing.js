// The lead's page with a code: what every screen does, and paper, where nothing can be folded open any more.

import "./frame.js";

const print = document.getElementById("print");
print.hidden = false;
print.addEventListener("click", () => window.print());
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((more) => (more.open = true)));
