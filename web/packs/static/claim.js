/* A ticket from the address: what stands behind the # was sent to nobody. It is base64url of the signed token
   (docs/tokens.md); the door reads the same bytes in base45 behind BK1:. */
const LONGEST = 680;

function claimBytes(text) {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) return null;
  try {
    const letters = atob(text.replace(/-/g, "+").replace(/_/g, "/") + "=".repeat((4 - text.length % 4) % 4));
    const bytes = [...letters].map((letter) => letter.charCodeAt(0));
    return bytes.length <= LONGEST && bytes[0] === 0xd2 && bytes[1] === 0x84 ? bytes : null;
  } catch (error) {
    return null;
  }
}

function claimText(bytes) {
  let text = "BK1:";
  for (let at = 0; at < bytes.length; at += 2) {
    const pair = at + 1 < bytes.length;
    let value = pair ? 256 * bytes[at] + bytes[at + 1] : bytes[at];
    for (let turn = 0; turn < (pair ? 3 : 2); turn++, value = Math.floor(value / 45)) text += QR_ALPHABET[value % 45];
  }
  return text;
}

function claimPath(rows) {
  let path = "";
  rows.forEach((row, y) => row.forEach((dark, x) => { if (dark) path += `M${x} ${y}h1v1h-1z`; }));
  return path;
}

function claimShow() {
  const by = (id) => document.getElementById(id);
  const bytes = claimBytes(location.hash.slice(1));
  const rows = bytes && qrRows(claimText(bytes));
  by("ticket").hidden = !rows;
  by("nothing").hidden = Boolean(rows);
  if (!rows) return;
  by("modules").setAttribute("d", claimPath(rows));
  by("code").setAttribute("viewBox", `-4 -4 ${rows.length + 8} ${rows.length + 8}`);
}

function claimSpeak() {
  const wanted = (navigator.languages || [navigator.language || ""]).map((name) => name.slice(0, 2));
  const language = wanted.find((name) => WORDS[name]) || document.documentElement.lang;
  document.documentElement.lang = language;
  document.title = WORDS[language].title;
  for (const node of document.querySelectorAll("[data-says]")) node.textContent = WORDS[language][node.dataset.says];
  document.getElementById("code").setAttribute("aria-label", WORDS[language].code);
}

if (typeof document === "object") {
  claimSpeak();
  claimShow();
  addEventListener("hashchange", claimShow);
}
