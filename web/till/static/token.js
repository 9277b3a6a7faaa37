// What an access token claims, read on the page so that it can say what it pays for. Whether it is genuine, and not
// used yet, the box decides with the sale. BK1: + base45 of a COSE_Sign1, see docs/tokens.md.

const PREFIX = "BK1:";
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const KIND = -70001;
const SCOPE = -70003;
const AMOUNT = -70016;
const ACCESS = 3;
const VOUCHER = 6;

// → the sku that it pays a piece of; null when it is no access token.
export function scopeOf(code) {
  const claims = claimsOf(code);
  return claims.get(KIND) === ACCESS && typeof claims.get(SCOPE) === "string" ? claims.get(SCOPE) : null;
}

// → what a come-back voucher pays, in minor units; null when it is none.
export function voucherOf(code) {
  const claims = claimsOf(code);
  return claims.get(KIND) === VOUCHER && Number.isSafeInteger(claims.get(AMOUNT)) ? claims.get(AMOUNT) : null;
}

function claimsOf(code) {
  const text = code.trim();
  if (!text.startsWith(PREFIX) || text.length > 1024) return new Map();
  try {
    const [, , payload] = cbor(base45(text.slice(PREFIX.length)));
    const claims = cbor(payload);
    return claims instanceof Map ? claims : new Map();
  } catch {
    return new Map();
  }
}

export function isToken(code) {
  return code.trim().startsWith(PREFIX);
}

function base45(text) {
  const bytes = [];
  for (let at = 0; at < text.length; at += 3) {
    const digits = [...text.slice(at, at + 3)].map((letter) => ALPHABET.indexOf(letter));
    const value = digits.reduce((all, digit, place) => all + digit * 45 ** place, 0);
    if (digits.length === 1 || digits.includes(-1) || value > (digits.length === 3 ? 0xffff : 0xff)) throw new RangeError();
    if (digits.length === 3) bytes.push(value >> 8);
    bytes.push(value & 255);
  }
  return Uint8Array.from(bytes);
}

// The one value that `bytes` hold, of the kinds that tokens are made of; a tag is what it holds.
function cbor(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;

  function take(n) {
    at += n;
    if (n < 0 || at > bytes.length) throw new RangeError();
    return at - n;
  }

  function size(info) {
    if (info < 24) return info;
    if (info === 24) return view.getUint8(take(1));
    if (info === 25) return view.getUint16(take(2));
    if (info === 26) return view.getUint32(take(4));
    if (info === 27) return Number(view.getBigUint64(take(8)));
    throw new RangeError();
  }

  function value() {
    const first = view.getUint8(take(1));
    const n = size(first & 31);
    switch (first >> 5) {
      case 0:
        return n;
      case 1:
        return -1 - n;
      case 2:
        return bytes.subarray(take(n), at);
      case 3:
        return new TextDecoder().decode(bytes.subarray(take(n), at));
      case 4:
        return Array.from({ length: Math.min(n, bytes.length) }, value);
      case 5:
        return new Map(Array.from({ length: Math.min(n, bytes.length) }, () => [value(), value()]));
      case 6:
        return value();
      default:
        return null;
    }
  }

  return value();
}
