// Ed25519, verification only (RFC 8032 §5.1): public values, so nothing here has to take equal time.
const P = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

const mod = (x) => ((x % P) + P) % P;

function power(x, exponent) {
  let result = 1n;
  for (let bit = exponent; bit; bit >>= 1n, x = mod(x * x)) if (bit & 1n) result = mod(result * x);
  return result;
}

const inverse = (x) => power(x, P - 2n);
const D = mod(-121665n * inverse(121666n));
const ROOT_OF_MINUS_ONE = power(2n, (P - 1n) / 4n);

// Points as (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z; §5.1.4, complete for this curve.
function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2)), b = mod((y1 + x1) * (y2 + x2));
  const c = mod(2n * D * t1 * t2), d = mod(2n * z1 * z2);
  const e = b - a, f = d - c, g = d + c, h = b + a;
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

function times(scalar, point) {
  let sum = [0n, 1n, 1n, 0n];
  for (; scalar; scalar >>= 1n, point = add(point, point)) if (scalar & 1n) sum = add(sum, point);
  return sum;
}

// The first byte is the lowest.
const little = (bytes) => number(bytes.slice().reverse());

// §5.1.3; null for what is no point, or not written in the one right way.
function point(bytes) {
  const coded = little(bytes), y = coded & mask(255), sign = coded >> 255n;
  if (y >= P) return null;
  const u = mod(y * y - 1n), v = mod(D * y * y + 1n);
  let x = mod(u * power(v, 3n) * power(u * power(v, 7n), (P - 5n) / 8n));
  if (mod(v * x * x) !== u) x = mod(x * ROOT_OF_MINUS_ONE);
  if (mod(v * x * x) !== u || (x === 0n && sign)) return null;
  if ((x & 1n) !== sign) x = P - x;
  return [x, y, 1n, mod(x * y)];
}

function coded([x, y, z]) {
  const over = inverse(z);
  return octets(mod(y * over) | ((mod(x * over) & 1n) << 255n), 32).reverse();
}

const BASE = point(octets(mod(4n * inverse(5n)), 32).reverse());

// §5.1.7: whether S·B − k·A, written as bytes, is R. S must be below the order, so that a signature has one form.
function verifies(key, message, signature) {
  if (key.length !== 32 || signature.length !== 64) return false;
  const a = point(key), s = little(signature.subarray(32));
  if (!a || s >= ORDER) return false;
  const r = signature.subarray(0, 32);
  const k = little(sha512(r, key, message)) % ORDER;
  const minus = [mod(-a[0]), a[1], a[2], mod(-a[3])];
  return same(coded(add(times(s, BASE), times(k, minus))), r);
}
