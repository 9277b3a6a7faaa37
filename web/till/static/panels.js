// The sheets of the till that open where they are asked for, one at a time.

const byId = (id) => document.getElementById(id);
const NAMES = ["pad", "parked", "park", "note", "off", "help"];
const KEYS = { pad: "times", parked: "parked-open", help: "help-open" };

export const panels = {
  isOpen: (name) => !byId(name).hidden,
  anyOpen: () => NAMES.some((name) => !byId(name).hidden),
  open(name) {
    NAMES.forEach((one) => one !== name && panels.close(one));
    byId(name).hidden = false;
    mark(name);
    byId(name).scrollIntoView({ block: "nearest" });
  },
  close(name) {
    byId(name).hidden = true;
    mark(name);
  },
  closeAll: () => NAMES.forEach(panels.close),
  toggle: (name) => (panels.isOpen(name) ? panels.close(name) : panels.open(name)),
};

function mark(name) {
  if (KEYS[name]) byId(KEYS[name]).setAttribute("aria-expanded", String(panels.isOpen(name)));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-shut]");
  if (button) panels.close(button.dataset.shut);
});
for (const [name, key] of Object.entries(KEYS)) byId(key).addEventListener("click", () => panels.toggle(name));
