// The note above the tiles while the box is silent or sales wait, and the list of what waits.

import { clock, icon, silent, tag } from "./frame.js";
import { el, fill } from "./draw.js";
import { held, intoCart, tryNow } from "./outbox.js";
import { change, kept, onChange, read } from "./store.js";
import { sentence } from "./words.js";
import { words } from "./words-sell.js";

const byId = (id) => document.getElementById(id);

export function startWaiting({ money }) {
  const list = document.querySelector("#waiting details");

  function draw(state) {
    const waiting = state.outbox.filter((one) => one.state === "waiting" && one.slip);
    const refused = state.outbox.filter((one) => one.state === "refused");
    const needed = silent() || waiting.length || refused.length || !kept();
    byId("waiting").hidden = !needed;
    if (!needed) return;
    byId("waiting-head").textContent = head(waiting, refused);
    byId("waiting-text").textContent = text(waiting, refused);
    byId("try").hidden = !waiting.length;
    const rows = [...state.outbox.filter((one) => one.slip || one.state === "refused"), ...state.sent.slice(-2)];
    if (refused.length && list.hidden) list.open = true;
    list.hidden = !waiting.length && !refused.length;
    const open = [...waiting, ...refused];
    byId("waiting-sum").textContent = words.sales(open.length, money.write(open.reduce((all, one) => all + one.total, 0)));
    fill(byId("waiting-rows"), rows.map((one) => row(one, state.cart.length === 0)));
  }

  function head(waiting, refused) {
    if (!kept()) return words.notKept;
    if (held() === "full") return words.fullHead;
    if (silent()) return words.silentHead;
    return refused.length && !waiting.length ? words.refusedHead : words.waitHead;
  }

  function text(waiting, refused) {
    if (held() === "role") return words.signInText;
    if (waiting.length) return words.waitText(waiting.length, clock(waiting[0].at));
    return refused.length ? words.refusedText : words.silentText;
  }

  function row(one, free) {
    const tr = byId("waiting-row").content.firstElementChild.cloneNode(true);
    const [name, time, state, amount] = tr.children;
    name.textContent = one.number || (one.slip ? words.slip(one.slip) : words.thisSale);
    time.firstChild.textContent = clock(one.at);
    amount.firstChild.textContent = money.write(one.total);
    if (one.number) state.firstChild.append(tag("tick", words.onBox, "go"));
    else if (one.state === "waiting") state.firstChild.append(tag("clock", words.onTablet));
    else state.firstChild.append(...refusal(one, free));
    return tr;
  }

  function refusal(one, free) {
    const why = el("span", {}, ` ${sentence(one.problem.detail)} ${one.problem.remedy || ""} `);
    const button = el("button", { type: "button", class: "btn", "data-again": one.id }, icon("undo"), words.toCart);
    button.disabled = !free;
    return [tag("flag", words.refused, "stop"), why, button];
  }

  list.open = matchMedia("(min-width: 42rem)").matches;
  byId("try").addEventListener("click", tryNow);
  byId("waiting-rows").addEventListener("click", (event) => {
    const button = event.target.closest("[data-again]");
    if (!button || read().cart.length) return;
    change((state) => {
      const entry = state.outbox.find((one) => one.id === button.dataset.again);
      if (entry) intoCart(state, entry, { tender: entry.problem.tender });
    });
  });
  onChange(draw);
}
