// The page around the judgement: reads what the person gives, draws what was found.
const PREFIX = "#check=";
const SHAPES = {
  proved: "M12 2.5l2.6 2 3.2-.2.9 3.1 2.6 1.9-1.1 3 1.1 3-2.6 1.9-.9 3.1-3.2-.2-2.6 2-2.6-2-3.2.2-.9-3.1L2.7 15.3l1.1-3-1.1-3 2.6-1.9.9-3.1 3.2.2zM8.5 12.5l2.5 2.5 4.5-5",
  promised: "M12 2.5a9.5 9.5 0 1 0 0 19 9.5 9.5 0 1 0 0-19M12 6.5V12l3.5 2.5",
  unvouched: "M12 2.5a9.5 9.5 0 1 0 0 19 9.5 9.5 0 1 0 0-19M9 9.5a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 17.5v.1",
  wrong: "M7.7 1.7h8.6l6 6v8.6l-6 6H7.7l-6-6V7.7zM8 8l8 8M16 8l-8 8",
};
const HEADLINES = { proved: "Proved", promised: "Promised", unvouched: "Whose key?", wrong: "Not valid" };

function told([slug, details], part) {
  return WORDS[slug][part].replace(/\{(\w+)\}/g, (_, name) => details[name]);
}

function money(total, currency) {
  try {
    const format = new Intl.NumberFormat("en", { style: "currency", currency });
    return format.format(total / 10 ** format.resolvedOptions().maximumFractionDigits);
  } catch {
    return `${total} ${currency} (smallest coins)`;
  }
}

// What the receipt says and what was checked, as [label, text, is it a code].
function rows({ claims, key, proof, findings }) {
  const found = [
    ["Total", money(claims.total, claims.currency)],
    ["Sale", claims.sale, true],
    ["Box and log", claims.origin, true],
    ["Place in the book", proof ? `${claims.seq} of ${proof.size}` : `${claims.seq}: not sealed as far as this goes`],
  ];
  for (const [slug, { name, time }] of findings) if (slug === "witnessed") found.push(["Cosigned by", `${name}, ${time}`]);
  found.push(["Fingerprint of the box's key", fingerprint(key), true]);
  if (proof) found.push(["Root of the book", btoa(String.fromCharCode(...proof.root)), true]);
  return found;
}

// What was bought and where it comes from, as [label, text, is it a code, address].
function itemRows({ claims, items }) {
  return (items || []).flatMap((line) => {
    const many = line.unit === "gram" ? `${line.qty} g ${line.name}` : line.qty === 1 ? line.name : `${line.qty} × ${line.name}`;
    const from = [line.maker && `Made by ${line.maker}`, line.lot && `lot ${line.lot}`].filter(Boolean).join(", ");
    const link = line.digital_link || "", address = /^https:\/\/id\.gs1\.org\/01\//.test(link) ? link : "";
    return [[many, money(line.total, claims.currency)], ...(from ? [["", from]] : []), ...(link ? [["", link, true, address]] : [])];
  });
}

function start() {
  const by = (id) => document.getElementById(id);
  const show = (id, text) => {
    by(id).textContent = text;
    by(id).hidden = !text;
  };
  let saved = "";

  function entry([label, text, isCode, address]) {
    const value = document.createElement("dd"), inner = address ? document.createElement("a") : value;
    value.className = isCode ? "mono" : "";
    inner.textContent = text;
    if (address) {
      inner.href = address;
      inner.rel = "noreferrer";
      value.append(inner);
    }
    if (!label) return [value];
    const term = document.createElement("dt");
    term.className = "label";
    term.textContent = label;
    return [term, value];
  }

  function draw(verdict) {
    const [[slug, details]] = verdict.findings;
    const state = verdict.level || (slug === "unvouched" ? slug : "wrong"), shown = verdict.would || verdict;
    by("shape").setAttribute("d", SHAPES[state]);
    by("headline").classList.toggle("stop-ink", state === "wrong");
    by("headline").classList.toggle("go-ink", state === "proved");
    show("headline", HEADLINES[state]);
    show("which", shown.claims ? `Receipt ${shown.claims.number}` : "Receipt");
    const [why, ...more] = verdict.findings.map((finding) => told(finding, 0));
    show("why", why);
    show("more", more.join(" "));
    const remedy = told([slug, { ...details, fingerprint: "" }], 1).trim();
    show("remedy", remedy);
    by("what").hidden = !remedy;
    show("print", details.fingerprint);
    by("said").hidden = !shown.valid;
    by("if").hidden = verdict.valid;
    by("facts").replaceChildren(...(shown.valid ? rows(shown) : []).flatMap(entry));
    by("items").replaceChildren(...(shown.valid ? itemRows(shown) : []).flatMap(entry));
    by("bought").hidden = !(shown.valid && shown.items);
    by("compare").hidden = state !== "unvouched";
    by("compare").onclick = () => {
      by("trust").value = `${by("trust").value.trim()}\n${details.fingerprint}`.trim();
      check();
    };
    URL.revokeObjectURL(saved);
    saved = shown.valid ? URL.createObjectURL(new Blob([by("receipt").value], { type: "text/plain" })) : "";
    by("save").hidden = !saved;
    by("save").href = saved || "#";
    by("save").download = saved ? `receipt-${shown.claims.number}.txt` : "";
    by("result").hidden = false;
    document.title = `${HEADLINES[state]} · Check a receipt`;
  }

  function check() {
    draw(judge(by("receipt").value, by("trust").value));
    by("headline").focus();
  }

  // What a link hands over is checked at once; whom to trust is never taken from a link.
  function arrive() {
    if (!location.hash.startsWith(PREFIX)) return;
    try {
      by("receipt").value = decodeURIComponent(location.hash.slice(PREFIX.length));
    } catch {
      by("receipt").value = location.hash.slice(PREFIX.length); // broken on the way: the check says so
    }
    by("trust").value = "";
    check();
  }

  by("form").addEventListener("submit", (event) => {
    event.preventDefault();
    check();
  });
  by("file").addEventListener("change", async () => {
    const texts = await Promise.all([...by("file").files].map((file) => file.slice(0, 4 * MOST + 1).text()));
    by("receipt").value = texts.join("\n");
    check();
  });
  addEventListener("hashchange", arrive);
  if (location.protocol === "file:") document.querySelectorAll("[data-served]").forEach((node) => (node.hidden = true));
  by("form").hidden = false;
  arrive();
}

if (typeof document !== "undefined") start();
