// SHA-256 and SHA-512 (FIPS 180-4), one function for both: they differ in the width of a word, the number of rounds
// and the shifts. The constants are made as §4.2 and §5.3 say they were, so that nobody has to trust a table.
const mask = (bits) => (1n << BigInt(bits)) - 1n;

function primes(count) {
  const found = [];
  for (let n = 2; found.length < count; n++) if (found.every((prime) => n % prime)) found.push(n);
  return found;
}

// The first 64 bits of the fraction of the nth root of a prime.
function fraction(prime, nth) {
  const wanted = BigInt(prime) << BigInt(64 * nth);
  let root = 0n;
  for (let bit = 1n << 69n; bit; bit >>= 1n) if ((root | bit) ** BigInt(nth) <= wanted) root |= bit;
  return root & mask(64);
}

const ROUNDS = primes(80).map((prime) => fraction(prime, 3));
const START = primes(8).map((prime) => fraction(prime, 2));

// Per width: rotations of Σ0, Σ1, σ0, σ1 (§4.1); of the last two the third is a shift.
const SHA = {
  32: { rounds: 64, turns: [[2, 13, 22], [6, 11, 25], [7, 18, 3], [17, 19, 10]] },
  64: { rounds: 80, turns: [[28, 34, 39], [14, 18, 41], [1, 8, 7], [19, 61, 6]] },
};

function sha2(width, message) {
  const { rounds, turns } = SHA[width];
  const most = mask(width), size = width * 2, cut = BigInt(64 - width);
  const turn = (x, by) => (x >> BigInt(by)) | ((x << BigInt(width - by)) & most);
  const big = (x, [a, b, c]) => turn(x, a) ^ turn(x, b) ^ turn(x, c);
  const small = (x, [a, b, c]) => turn(x, a) ^ turn(x, b) ^ (x >> BigInt(c));
  const length = Math.ceil((message.length + 1 + width / 4) / size) * size;
  const padded = new Uint8Array(length);
  padded.set(message);
  padded[message.length] = 0x80;
  new DataView(padded.buffer).setBigUint64(length - 8, BigInt(message.length) * 8n);
  let state = START.map((word) => word >> cut);
  for (let block = 0; block < length; block += size) {
    const w = [];
    for (let t = 0; t < rounds; t++) {
      w.push(t < 16 ? number(padded.subarray(block + (t * width) / 8, block + ((t + 1) * width) / 8))
        : (small(w[t - 2], turns[3]) + w[t - 7] + small(w[t - 15], turns[2]) + w[t - 16]) & most);
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let t = 0; t < rounds; t++) {
      const one = h + big(e, turns[1]) + ((e & f) ^ (~e & most & g)) + (ROUNDS[t] >> cut) + w[t];
      const two = big(a, turns[0]) + ((a & b) ^ (a & c) ^ (b & c));
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) & most, c, b, a, (one + two) & most];
    }
    state = [a, b, c, d, e, f, g, h].map((word, i) => (word + state[i]) & most);
  }
  return join(...state.map((word) => octets(word, width / 8)));
}

const sha256 = (...parts) => sha2(32, join(...parts));
const sha512 = (...parts) => sha2(64, join(...parts));

// Bytes and numbers; the first byte is the highest.
const number = (bytes) => bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
const octets = (value, length) => Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * (length - 1 - i))) & 255n));

function join(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return whole;
}

const same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);
const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
