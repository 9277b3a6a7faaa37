/* A QR code (ISO/IEC 18004:2015) of level M in the alphanumeric mode, which is what a ticket's text is made of. Level M,
   as the box draws its own. Tables are indexed by version, 1 to 25. */
const QR_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const QR_CHECKS = [0, 10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28];
const QR_BLOCKS = [0, 1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21];
const QR_MASKS = [
  (x, y) => (x + y) % 2, (x, y) => y % 2, (x) => x % 3, (x, y) => (x + y) % 3,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2, (x, y) => (x * y) % 2 + (x * y) % 3,
  (x, y) => ((x * y) % 2 + (x * y) % 3) % 2, (x, y) => ((x + y) % 2 + (x * y) % 3) % 2,
];

/* Rows of 0 and 1; null when the text has another character, or is too long. */
function qrRows(text) {
  const values = [...text].map((letter) => QR_ALPHABET.indexOf(letter));
  if (values.includes(-1)) return null;
  for (let version = 1; version < QR_CHECKS.length; version++) {
    const room = qrRoom(version);
    const bits = 4 + (version < 10 ? 9 : 11) + 11 * (values.length >> 1) + 6 * (values.length & 1);
    if (bits <= 8 * room) return qrDraw(version, qrInterleave(version, qrWords(values, version, room)));
  }
  return null;
}

/* Modules that are neither finder, timing, alignment, format nor version: data and their checks. */
function qrModules(version) {
  const sides = version > 1 ? Math.floor(version / 7) + 2 : 0;
  const aligned = sides ? (25 * sides - 10) * sides - 55 + (version > 6 ? 36 : 0) : 0;
  return (16 * version + 128) * version + 64 - aligned;
}

function qrRoom(version) {
  return (qrModules(version) >> 3) - QR_CHECKS[version] * QR_BLOCKS[version];
}

function qrWords(values, version, room) {
  const bits = [];
  const put = (value, width) => { for (let at = width - 1; at >= 0; at--) bits.push((value >> at) & 1); };
  put(2, 4);
  put(values.length, version < 10 ? 9 : 11);
  for (let at = 0; at < values.length; at += 2) {
    if (at + 1 < values.length) put(45 * values[at] + values[at + 1], 11);
    else put(values[at], 6);
  }
  put(0, Math.min(4, 8 * room - bits.length));
  put(0, (8 - bits.length % 8) % 8);
  const words = [];
  for (let at = 0; at < bits.length; at += 8) words.push(parseInt(bits.slice(at, at + 8).join(""), 2));
  for (let pad = 0xec; words.length < room; pad ^= 0xec ^ 0x11) words.push(pad);
  return words;
}

/* Reed-Solomon over GF(2^8) with 0x11d: the product of two elements. */
function qrTimes(one, other) {
  let product = 0;
  for (let at = 7; at >= 0; at--) product = (product << 1) ^ ((product >> 7) * 0x11d) ^ (((other >> at) & 1) * one);
  return product;
}

function qrGenerator(degree) {
  const factors = new Array(degree).fill(0);
  factors[degree - 1] = 1;
  for (let turn = 0, root = 1; turn < degree; turn++, root = qrTimes(root, 2)) {
    for (let at = 0; at < degree; at++) factors[at] = qrTimes(factors[at], root) ^ (factors[at + 1] || 0);
  }
  return factors;
}

function qrChecks(words, generator) {
  const rest = new Array(generator.length).fill(0);
  for (const word of words) {
    const factor = word ^ rest.shift();
    rest.push(0);
    generator.forEach((one, at) => { rest[at] ^= qrTimes(one, factor); });
  }
  return rest;
}

function qrInterleave(version, words) {
  const count = QR_BLOCKS[version], generator = qrGenerator(QR_CHECKS[version]);
  const short = Math.floor(words.length / count), longer = words.length % count;
  const blocks = [], found = [];
  for (let block = 0, at = 0; block < count; block++) {
    const size = short + (block >= count - longer ? 1 : 0);
    const data = words.slice(at, at + size);
    blocks.push([data, qrChecks(data, generator)]);
    at += size;
  }
  for (let at = 0; at <= short; at++) for (const [data] of blocks) if (at < data.length) found.push(data[at]);
  for (let at = 0; at < generator.length; at++) for (const [, checks] of blocks) found.push(checks[at]);
  return found;
}

function qrDraw(version, words) {
  const size = 17 + 4 * version;
  const rows = Array.from({length: size}, () => new Array(size).fill(0));
  const fixed = Array.from({length: size}, () => new Array(size).fill(false));
  const set = (x, y, dark) => { rows[y][x] = dark ? 1 : 0; fixed[y][x] = true; };
  for (let at = 0; at < size; at++) { set(6, at, at % 2 === 0); set(at, 6, at % 2 === 0); }
  for (const [left, top] of [[3, 3], [size - 4, 3], [3, size - 4]]) {
    for (let dy = -4; dy <= 4; dy++) for (let dx = -4; dx <= 4; dx++) {
      const away = Math.max(Math.abs(dx), Math.abs(dy)), x = left + dx, y = top + dy;
      if (x >= 0 && x < size && y >= 0 && y < size) set(x, y, away !== 2 && away !== 4);
    }
  }
  const places = qrPlaces(version, size), last = places.length - 1;
  places.forEach((x, i) => places.forEach((y, j) => {
    if ((i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0)) return;
    for (let dy = -2; dy <= 2; dy++) for (let dx = -2; dx <= 2; dx++) {
      set(x + dx, y + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1);
    }
  }));
  qrFormat(set, size, 0);
  if (version > 6) {
    const code = (version << 12) | qrRest(version, 12, 0x1f25);
    for (let at = 0; at < 18; at++) {
      const dark = (code >> at) & 1, far = size - 11 + at % 3, near = Math.floor(at / 3);
      set(far, near, dark);
      set(near, far, dark);
    }
  }
  qrFill(rows, fixed, words);
  let best = null, least = Infinity;
  QR_MASKS.forEach((mask, number) => {
    const tried = rows.map((row, y) => row.map((dark, x) => fixed[y][x] ? dark : dark ^ (mask(x, y) === 0 ? 1 : 0)));
    qrFormat((x, y, dark) => { tried[y][x] = dark ? 1 : 0; }, size, number);
    const cost = qrCost(tried);
    if (cost < least) [best, least] = [tried, cost];
  });
  return best;
}

function qrPlaces(version, size) {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = Math.ceil((4 * version + 4) / (2 * count - 2)) * 2;
  const places = [6];
  for (let at = size - 7; places.length < count; at -= step) places.splice(1, 0, at);
  return places;
}

/* What is left of a value, shifted by `width`, after division by the generator of a BCH code. */
function qrRest(value, width, generator) {
  let rest = value;
  for (let at = 0; at < width; at++) rest = (rest << 1) ^ ((rest >> (width - 1)) * generator);
  return rest;
}

/* Level M is 0 in the format's first two bits. */
function qrFormat(set, size, mask) {
  const code = ((mask << 10) | qrRest(mask, 10, 0x537)) ^ 0x5412, bit = (at) => (code >> at) & 1;
  for (let at = 0; at < 6; at++) set(8, at, bit(at));
  set(8, 7, bit(6));
  set(8, 8, bit(7));
  set(7, 8, bit(8));
  for (let at = 9; at < 15; at++) set(14 - at, 8, bit(at));
  for (let at = 0; at < 8; at++) set(size - 1 - at, 8, bit(at));
  for (let at = 8; at < 15; at++) set(8, size - 15 + at, bit(at));
  set(8, size - 8, 1);
}

function qrFill(rows, fixed, words) {
  const size = rows.length;
  let at = 0;
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right = 5;
    for (let step = 0; step < size; step++) {
      const up = ((right + 1) & 2) === 0, y = up ? size - 1 - step : step;
      for (const x of [right, right - 1]) {
        if (fixed[y][x] || at >= 8 * words.length) continue;
        rows[y][x] = (words[at >> 3] >> (7 - (at & 7))) & 1;
        at++;
      }
    }
  }
}

/* How hard it is to read (7.8.3): long runs, blocks of one colour, what looks like a finder, too much of one colour. */
function qrCost(rows) {
  const size = rows.length;
  let cost = 0, dark = 0;
  const lines = [...rows, ...rows.map((_, x) => rows.map((row) => row[x]))].map((line) => line.join(""));
  for (const line of lines) {
    for (const run of line.match(/0{5,}|1{5,}/g) || []) cost += run.length - 2;
    for (const pattern of ["10111010000", "00001011101"]) {
      for (let at = line.indexOf(pattern); at >= 0; at = line.indexOf(pattern, at + 1)) cost += 40;
    }
  }
  for (let y = 0; y < size; y++) for (let x = 0; x < size; x++) {
    dark += rows[y][x];
    if (x && y && rows[y][x] === rows[y - 1][x] && rows[y][x] === rows[y][x - 1] && rows[y][x] === rows[y - 1][x - 1]) cost += 3;
  }
  return cost + 10 * Math.floor(Math.abs(20 * dark - 10 * size * size) / (size * size));
}
