// What is taken off: a line or the whole cart, by a share or an amount, why, and the lead's word beyond the guardrail.

import { call } from "./api.js";
import { approvalOf, rail, sum } from "./cart.js";
import { silent } from "./frame.js";
import { shareOf, takenOff } from "./pricing.js";
import { change, read } from "./store.js";
import { sentence } from "./words.js";
import { words } from "./words-sell.js";

const byId = (id) => document.getElementById(id);
const picked = (name) => (document.querySelector(`[name=${name}]:checked`) || {}).value;
const settings = document.getElementById("main").dataset;

export function startDiscount({ money, panels }) {
  let line = null; // the index of the line; null = the whole cart
  let asking = false;

  // The cart as it would be with what is chosen: {state, row or null, discount, fault}.
  function tried() {
    const state = JSON.parse(JSON.stringify(read()));
    const { discount, fault } = wanted(state);
    const target = line === null ? state.about : state.cart[line];
    if (target && discount) target.discount = discount;
    else if (target) delete target.discount;
    state.about.reason = picked("off-reason") || undefined;
    return { state, discount, fault, cart: sum(state) };
  }

  const base = (cart) => (line === null ? cart.takesOff : cart.rows[line] ? cart.rows[line].base : 0);

  function wanted(state) {
    const own = byId("off-own").value.trim();
    const key = picked("off");
    if (!own) return { discount: key ? { percent: shareOf(key) } : null, fault: "" };
    if (picked("off-unit") === "percent") {
      const percent = shareOf(own);
      return percent === null ? { discount: null, fault: words.badPercent } : { discount: { percent }, fault: "" };
    }
    const amount = money.read(own);
    const most = base(sum(without(state)));
    if (amount === null) return { discount: null, fault: words.notAnAmount(money.plain(money.unit)) };
    if (amount > most) return { discount: null, fault: words.offTooMuch(money.write(most)) };
    return { discount: { amount }, fault: "" };
  }

  function without(state) {
    const bare = JSON.parse(JSON.stringify(state));
    delete (line === null ? bare.about : bare.cart[line] || {}).discount;
    return bare;
  }

  function draw() {
    if (byId("off").hidden) return;
    if (line !== null && !read().cart[line]) return panels.close("off");
    const { state, discount, fault, cart } = tried();
    const price = base(cart);
    const off = discount ? takenOff(discount, price) : 0;
    byId("off-error").textContent = fault;
    byId("off-before").textContent = money.write(price);
    byId("off-after").textContent = discount ? money.write(price - off) : "";
    byId("off-lead").hidden = !cart.beyond;
    const needed = cart.beyond && !cart.barred && !cart.approved && settings.role !== "lead";
    byId("off-rail").textContent = railWord();
    byId("off-pin-field").hidden = !needed;
    byId("off-lead-word").textContent = beyondWord(state, cart);
    byId("off-take").disabled = !discount || Boolean(fault) || asking || cart.barred;
    byId("off-take").textContent = discount ? words.takeOff(money.write(off)) : words.chooseOff;
  }

  function railWord() {
    const { alone, lead, policy } = rail();
    return policy ? words.rail(policy, money.percent(alone), money.percent(lead)) : "";
  }

  function beyondWord({ about }, cart) {
    if (cart.barred) return words.barred(money.percent(rail().lead), rail().policy);
    const limit = money.percent(rail().alone);
    if (settings.role === "lead") return words.beyondLead(limit);
    if (cart.approved && about.approval) return words.approvedBy(about.approval.name);
    return silent() ? words.beyondSilent(limit) : words.beyond(limit);
  }

  // Open it for a line (by its index) or for the whole cart (null).
  function open(index) {
    const state = read();
    line = index;
    const cart = sum(state);
    if (index !== null && (!cart.rows[index] || cart.rows[index].deposit)) return;
    const { discount } = index === null ? state.about : state.cart[index];
    byId("off").reset();
    byId("off-pin-error").textContent = "";
    byId("off-name").textContent = index === null ? words.offCart : words.offLine(cart.rows[index].name);
    byId("off-symbol").textContent = money.symbol;
    show(discount);
    const reason = document.querySelector(`[name=off-reason][value="${state.about.reason}"]`);
    if (reason) reason.checked = true;
    panels.open("off");
    draw();
    (document.querySelector("[name=off]:checked") || document.querySelector("[name=off]")).focus();
  }

  function show(discount) {
    if (!discount) return;
    const key = document.querySelectorAll("[name=off]");
    const same = "percent" in discount && [...key].find((one) => shareOf(one.value) === discount.percent);
    if (same) same.checked = true;
    else if ("percent" in discount) byId("off-own").value = money.percentPlain(discount.percent);
    else {
      byId("off-own").value = money.plain(discount.amount);
      document.querySelector("[name=off-unit][value=amount]").checked = true;
    }
  }

  async function take(event) {
    event.preventDefault();
    const { discount, fault, cart, state } = tried();
    const error = byId("off-pin-error");
    error.textContent = "";
    if (!discount || fault || asking || cart.barred) return;
    if (cart.beyond && !state.about.reason) {
      error.textContent = words.reasonNeeded;
      document.querySelector("[name=off-reason]").focus();
      return;
    }
    let approval = state.about.approval;
    if (cart.beyond && !cart.approved && settings.role !== "lead") {
      approval = await approve(approvalOf(state.cart, state.about));
      if (!approval) return;
    }
    const index = line;
    change((now) => {
      const target = index === null ? now.about : now.cart[index];
      if (!target) return;
      target.discount = discount;
      now.about.reason = state.about.reason;
      now.about.approval = approval;
    });
    panels.close("off");
    byId("cart").scrollIntoView({ block: "nearest" });
  }

  // Ask for the lead's word; the PIN goes to the box and is kept nowhere. → {id, name, of}, or null with the reason said.
  async function approve(of) {
    const error = byId("off-pin-error");
    const pin = byId("off-pin").value.trim();
    if (!/^\d{4,8}$/.test(pin)) {
      error.textContent = words.pinNeeded;
      byId("off-pin").focus();
      return null;
    }
    asking = true;
    draw();
    const { status, data } = await call("POST", "/api/v1/approvals", { body: { pin } });
    asking = false;
    byId("off-pin").value = "";
    draw();
    if (status === 201) return { id: data.approval, name: data.name, of };
    error.textContent = status && data && data.detail ? `${sentence(data.detail)} ${data.remedy || ""}` : words.approvalNeedsBox;
    byId("off-pin").focus();
    return null;
  }

  byId("off").addEventListener("submit", take);
  byId("off").addEventListener("input", (event) => {
    if (event.target.name === "off") byId("off-own").value = "";
    if (event.target.id === "off-own") document.querySelectorAll("[name=off]").forEach((key) => (key.checked = false));
    draw();
  });
  byId("off-none").addEventListener("click", () => {
    change((now) => {
      const target = line === null ? now.about : now.cart[line];
      if (target) delete target.discount;
      if (!now.about.discount && !now.cart.some((one) => one.discount)) {
        delete now.about.reason;
        delete now.about.approval;
      }
    });
    panels.close("off");
  });
  // What is beyond the guardrail without a lead's word for it: the cart's own discount, else the largest of a line.
  byId("approve-open").addEventListener("click", () => {
    const { cart, about } = read();
    open(about.discount ? null : cart.findIndex((one) => one.discount));
  });
  document.addEventListener("boothkit:state", draw);
  return { open };
}
