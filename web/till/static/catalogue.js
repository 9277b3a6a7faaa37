// What is for sale, as the tiles of the page say it.

let items = new Map();

export const tiles = () => [...document.querySelectorAll(".tile[data-sku]")];

// Look at the tiles anew. → sku → item, see pricing.js; `left`: null when it is not counted.
export function readTiles() {
  items = new Map();
  for (const tile of tiles()) {
    if ("returned" in tile.dataset) continue;
    const { sku, name, price, kind, vat, takeaway, left, age, contains } = tile.dataset;
    items.set(sku, {
      sku,
      name,
      kind,
      vat,
      takeaway,
      price: Number(price),
      age: Number(age),
      left: left === "" ? null : Number(left),
      ...(contains ? { contains: JSON.parse(contains) } : {}),
    });
  }
  return items;
}

export const catalogue = () => items;

// The tile of a scanned or typed sku, whatever its case; null when there is none.
export function tileOf(code) {
  const wanted = code.trim().toLocaleLowerCase();
  const found = tiles().filter((tile) => tile.dataset.sku.toLocaleLowerCase() === wanted);
  return found.find((tile) => !("returned" in tile.dataset)) || found[0] || null;
}

export function nameOf(line) {
  const item = items.get(line.sku);
  if (!item) return line.sku;
  const tile = line.returned && tiles().find((one) => one.dataset.sku === line.sku && "returned" in one.dataset);
  return tile ? tile.dataset.name : item.name;
}
