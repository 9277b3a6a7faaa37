// How receipts, proofs and keys are written. Each reader throws Wrong for what is not exactly that.
class Wrong extends Error {
  constructor(slug, details = {}) {
    super(slug);
    this.slug = slug;
    this.details = details;
  }
}

function demand(truth, slug, details) {
  if (!truth) throw new Wrong(slug, details);
}

const utf8 = (text) => new TextEncoder().encode(text);
const fromUtf8 = (bytes) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);

// Base64 in its one canonical form (RFC 4648 §4), and the url form without padding (§5).
function base64(text, slug) {
  let raw = null;
  try {
    raw = atob(text);
  } catch {
    // not even the alphabet
  }
  demand(raw !== null && btoa(raw) === text, slug);
  return Uint8Array.from(raw, (letter) => letter.charCodeAt(0));
}

function base64url(text) {
  demand(/^[A-Za-z0-9_-]{1,1024}$/.test(text) && text.length % 4 !== 1, "cut");
  return base64(text.replace(/-/g, "+").replace(/_/g, "/") + "=".repeat(-text.length & 3), "cut");
}

// Canonical CBOR (RFC 7049 §3.9) of what tokens are made of: whole numbers, bytes, texts, arrays, maps, and the one tag
// that they have, COSE_Sign1 (RFC 9052 §2).
function cbor(bytes) {
  let at = 0;
  const take = (length) => {
    demand(length <= bytes.length - at, "cut");
    return bytes.subarray(at, (at += length));
  };
  const head = () => {
    const [first] = take(1), kind = first >> 5, short = first & 31;
    if (short < 24) return [kind, short];
    demand(short < 28, "cut");
    const width = 1 << (short - 24), value = number(take(width));
    demand(value >= (width === 1 ? 24n : 1n << BigInt(4 * width)), "cut");
    return [kind, value <= Number.MAX_SAFE_INTEGER ? Number(value) : value];
  };
  const item = (depth) => {
    demand(depth < 8, "cut");
    const [kind, value] = head();
    if (kind === 0) return value;
    if (kind === 1) return typeof value === "bigint" ? -1n - value : -1 - value;
    if (kind === 2) return take(value);
    if (kind === 3) return fromUtf8(take(value));
    demand((kind > 3 && kind < 7) && value <= bytes.length, "cut");
    if (kind === 6) {
      demand(value === 18, "cut");
      return { tag: value, value: item(depth + 1) };
    }
    if (kind === 4) return Array.from({ length: value }, () => item(depth + 1));
    const map = new Map();
    let before = "";
    for (let i = 0; i < value; i++) {
      const start = at, key = item(depth + 1), written = hex(bytes.subarray(start, at));
      demand(written.length > before.length || (written.length === before.length && written > before), "cut");
      before = written;
      map.set(key, item(depth + 1));
    }
    return map;
  };
  try {
    const value = item(0);
    demand(at === bytes.length, "cut");
    return value;
  } catch (error) {
    throw error instanceof Wrong ? error : new Wrong("cut"); // no UTF-8, a length beyond all bounds
  }
}

const isBytes = (value, least = 0, most = Infinity) =>
  value instanceof Uint8Array && value.length >= least && value.length <= most;
const isText = (value) => typeof value === "string";
const isNumber = (value) => Number.isSafeInteger(value);
const isWhole = (value) => isNumber(value) || typeof value === "bigint";

// The name of a log, and of the box's key for it; who has another name is no box.
const ORIGIN = /^boothkit\/[!-*,-.0-~]+\/[1-9][0-9]{0,15}$/;

// A receipt's CWT (docs/tokens.md): COSE_Sign1 by EdDSA. `signed` is what the signature is over (RFC 9052 §4.4).
function readToken(raw) {
  demand(raw.length <= 768, "cut");
  const envelope = cbor(raw), parts = envelope && envelope.tag === 18 && envelope.value;
  demand(Array.isArray(parts) && parts.length === 4, "cut");
  const [protectedHeader, header, payload, signature] = parts;
  demand(isBytes(protectedHeader) && hex(protectedHeader) === "a10127" && isBytes(payload) && isBytes(signature), "cut");
  demand(header instanceof Map && header.size === 1 && isBytes(header.get(4)), "cut");
  const claims = cbor(payload);
  demand(claims instanceof Map && [...claims.keys()].every(isWhole), "cut");
  const [cti, kind, event, sale = "", ...times] = [7, -70001, -70002, -70003, 4, 5].map((name) => claims.get(name));
  demand(isBytes(cti, 8, 32) && isNumber(kind) && kind >= 1 && kind <= 5 && isText(event) && isText(sale), "cut");
  demand(times.every((time) => time === undefined || isWhole(time)), "cut");
  demand(kind === 5, "other");
  const [origin, seq, leaf, number, total, currency] = [10, 11, 12, 13, 14, 15].map((name) => claims.get(-70000 - name));
  const face = claims.get(-70018);
  demand(face === undefined || isBytes(face, 16, 16), "claims");
  demand([origin, number, currency].every(isText) && [seq, total].every(isNumber) && isBytes(leaf, 32, 32), "claims");
  demand(ORIGIN.test(origin) && seq > 0 && sale, "claims");
  const length = payload.length < 24 ? [0x40 + payload.length]
    : payload.length < 256 ? [0x58, payload.length] : [0x59, payload.length >> 8, payload.length & 255];
  const signed = join([0x84, 0x6a], utf8("Signature1"), [0x43], protectedHeader, [0x40], length, payload);
  return { raw, kid: header.get(4), signed, signature, origin, seq, leaf, sale, number, total, currency, face: face || null };
}

// Keys (C2SP signed-note). A fingerprint is the key id carried on to 16 bytes, whatever the key is used for.
const keyHash = (name, kind, key) => sha256(utf8(`${name}\n`), [kind], key);

function readKey(text) {
  const found = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/.exec(text);
  demand(found, "bad-key");
  const raw = base64(found[3], "bad-key"), key = { name: found[1], kind: raw[0], key: raw.subarray(1) };
  demand((key.kind === 1 || key.kind === 4) && hex(keyHash(key.name, key.kind, key.key)).startsWith(found[2]), "bad-key");
  return key;
}

const digits = (key) => hex(keyHash(key.name, 1, key.key).subarray(0, 16));
const fingerprint = (key) => digits(key).match(/.{4}/g).join(" ");

function decimal(text) {
  demand(/^(0|[1-9][0-9]{0,15})$/.test(text) && isNumber(Number(text)), "proof-broken");
  return Number(text);
}

function hash(text) {
  const raw = base64(text, "proof-broken");
  demand(raw.length === 32, "proof-broken");
  return raw;
}

// A proof file (C2SP tlog-proof) around a checkpoint (tlog-checkpoint, signed-note), from its lines.
function readProof(lines) {
  const gap = lines.indexOf("", 1), next = lines.indexOf("", gap + 1);
  demand(gap > 0 && next > gap + 3 && lines.length > next + 1, "proof-broken");
  const head = lines.slice(1, gap), text = lines.slice(gap + 1, next);
  let extra = null;
  if (head.length && head[0].startsWith("extra ")) extra = base64(head.shift().slice(6), "proof-broken");
  demand(head.length && head[0].startsWith("index "), "proof-broken");
  const index = decimal(head.shift().slice(6));
  const [origin, size, root] = [text[0], decimal(text[1]), hash(text[2])];
  const signatures = lines.slice(next + 1).map((line) => {
    const [, name, coded] = /^— ([^ ]+) ([^ ]+)$/.exec(line) || [];
    demand(coded, "proof-broken");
    const raw = base64(coded, "proof-broken");
    demand(raw.length >= 5, "proof-broken");
    return { name, id: raw.subarray(0, 4), signature: raw.subarray(4) };
  });
  return { index, path: head.map(hash), extra, text: `${text.join("\n")}\n`, origin, size, root, signatures };
}

// The lines in the text that a token's digest stands for; null when no text came along.
function readItems(faces, digest) {
  if (!faces.length) return null;
  demand(digest && faces.every((text) => same(sha256(utf8(text)).subarray(0, 16), digest)), "items");
  let lines = null;
  try {
    lines = JSON.parse(faces[0]).lines;
  } catch {
    // signed, and yet no text that a box writes
  }
  demand(Array.isArray(lines) && lines.every(isLine), "items");
  return lines;
}

const isLine = (line) => line && isText(line.name) && ["piece", "gram"].includes(line.unit) &&
  [line.qty, line.total].every(isNumber) &&
  ["maker", "lot", "gtin", "digital_link"].every((name) => !(name in line) || isText(line[name]));
