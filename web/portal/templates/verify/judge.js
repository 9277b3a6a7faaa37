// What a receipt is worth; step by step as appliance/receipts/evidence.py, with the same findings.
const HEADER = "c2sp.org/tlog-proof@v1";
const MOST = 64 * 1024, MOST_PARTS = 16, LAST_TIME = 253402300799n;

// Whom the person believes: verifier keys and fingerprints, one a line.
function readTrust(text) {
  const keys = [], fingerprints = new Set();
  for (const entry of text.split("\n").map((line) => line.trim()).filter(Boolean)) {
    const compact = entry.replace(/[\s:]/g, "").toLowerCase();
    if (/^[0-9a-f]{32}$/.test(compact)) fingerprints.add(compact);
    else if (entry.includes("+")) keys.push(readKey(entry));
    else throw new Wrong("bad-trust");
  }
  return { keys, fingerprints };
}

function scan(text) {
  demand(text.length <= MOST, "long");
  const lines = text.replace(/\r\n/g, "\n").split("\n"), found = { codes: [], proofs: [], first: [], keys: [], faces: [] };
  for (let at = 0; at < lines.length;) {
    const line = lines[at].trim();
    if (line === HEADER) {
      const start = at;
      for (let gaps = 0; at < lines.length && gaps < 2; at++) gaps += lines[at] === "";
      while (at < lines.length && lines[at].startsWith("— ")) at++;
      demand(lines[start] === HEADER, "proof-broken");
      const proof = readProof(lines.slice(start, at));
      (proof.extra && proof.extra[0] === 0x7b ? found.first : found.proofs).push(proof);
      continue;
    }
    at++;
    if (/^\S+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$/.test(line)) found.keys.push(readKey(line));
    else if (line.startsWith("{")) found.faces.push(line);
    else if (line) found.codes.push(readLine(line));
  }
  demand(Math.max(found.proofs.length + found.first.length, found.keys.length) <= MOST_PARTS, "long");
  return found;
}

function readLine(line) {
  demand(!line.startsWith("BK1:"), "other");
  const linked = line.lastIndexOf("/r/"), code = (linked < 0 ? line : line.slice(linked + 3)).split(/[?#/]/, 1)[0];
  demand(linked >= 0 || (code.length >= 80 && /^[A-Za-z0-9_-]+$/.test(line)), "stray");
  return base64url(code);
}

function theCode({ codes, proofs }) {
  const one = new Set(codes.map(hex)), named = new Set(one);
  for (const proof of proofs) if (proof.extra) named.add(hex(proof.extra));
  demand(!(one.size === 1 && proofs.length === 1 && named.size > 1), "proof-receipt");
  demand(named.size <= 1 && proofs.length <= 1, "several");
  demand(named.size, proofs.length ? "proof-bare" : "nothing");
  return codes[0] || proofs[0].extra;
}

function judge(text, trusted) {
  try {
    const trust = readTrust(trusted), found = scan(text);
    return weigh(found, readToken(theCode(found)), trust, true);
  } catch (error) {
    if (!(error instanceof Wrong)) throw error;
    return { valid: false, level: null, findings: [[error.slug, error.details]] };
  }
}

function weigh(found, claims, trust, guess) {
  const trusted = [...trust.keys, ...found.keys.filter((key) => trust.fingerprints.has(digits(key)))];
  const own = trusted.filter((key) => key.name === claims.origin && key.kind === 1);
  const others = trusted.filter((key) => !ORIGIN.test(key.name)).map((key) => ({ ...key, kind: 4 }));
  const witnesses = others.filter((key, i) => others.findIndex((other) => digits(other) === digits(key)) === i);
  const findings = [];
  let key = own.find((each) => signedWith(each, claims));
  demand(key || !own.length, "imposter", { origin: claims.origin });
  for (const first of key ? [] : found.first) {
    const by = voucher(first, claims, witnesses);
    if (!by) continue;
    key = by.key;
    findings.push(["vouched", { name: by.name }]);
    break;
  }
  if (!key) return unvouched(found, claims, trust, guess);
  demand(verifies(key.key, claims.signed, claims.signature), "forged");
  const items = readItems(found.faces, claims.face);
  if (!found.proofs.length) {
    const promised = [["promised", { origin: claims.origin }], ...findings];
    return { valid: true, level: "promised", claims, key, items, findings: promised };
  }
  const [proof] = found.proofs;
  const all = [...proved(proof, claims, key, witnesses), ...findings];
  return { valid: true, level: "proved", claims, key, proof, items, findings: all };
}

const signedWith = (key, claims) => same(sha256(key.key).subarray(0, 8), claims.kid);

// Nobody who is trusted vouches for the box's key. If one that came along would do: name it, central's first.
function unvouched(found, claims, trust, guess) {
  const isBox = (key) => Number(key.name === claims.origin);
  for (const key of guess ? [...found.keys].sort((a, b) => isBox(a) - isBox(b)) : []) {
    try {
      const would = weigh(found, claims, { ...trust, keys: [...trust.keys, key] }, false);
      const details = { name: key.name, fingerprint: fingerprint(key) };
      return { valid: false, level: null, claims, findings: [["unvouched", details]], would };
    } catch (error) {
      if (!(error instanceof Wrong) || error.slug !== "unknown") throw error;
    }
  }
  throw new Wrong("unknown", { origin: claims.origin });
}

function proved(proof, claims, key, witnesses) {
  const { origin, seq } = claims;
  demand(proof.origin === origin, "proof-book", { found: proof.origin, origin });
  demand(proof.index === seq - 1, "proof-place", { found: proof.index + 1, seq });
  demand(signed(proof, key).length, "proof-unsigned", { origin });
  demand(leads(proof, claims.leaf), "proof-path");
  const seen = witnesses.flatMap((each) => signed(proof, each).map((time) => ["witnessed", { name: each.name, time }]));
  return [["proved", { seq, origin, size: proof.size }], ...(seen.length ? seen : [["unwitnessed", {}]])];
}

// When a key signed the checkpoint ("" for a box, which does not say), once for each of its lines.
function signed(proof, key) {
  const id = keyHash(key.name, key.kind, key.key).subarray(0, 4), text = utf8(proof.text);
  const lines = proof.signatures.filter((line) => line.name === key.name && same(line.id, id));
  return lines.map(({ signature }) => {
    if (key.kind === 1) {
      demand(verifies(key.key, text, signature), "proof-forged", { name: key.name });
      return "";
    }
    const time = number(signature.subarray(0, 8)), message = join(utf8(`cosignature/v1\ntime ${time}\n`), text);
    const fits = signature.length === 72 && time <= LAST_TIME && verifies(key.key, message, signature.subarray(8));
    demand(fits, "proof-forged", { name: key.name });
    return `${new Date(Number(time) * 1000).toISOString().slice(0, 16).replace("T", " ")} UTC`;
  });
}

// RFC 9162 §2.1.3.2: whether the path leads from the leaf at its place to the root.
function leads({ index, path, size, root }, leaf) {
  if (index >= size) return false;
  let node = BigInt(index), last = BigInt(size - 1), digest = leaf;
  for (const sibling of path) {
    if (!last) return false;
    if (node & 1n || node === last) {
      digest = sha256([1], sibling, digest);
      while (node && !(node & 1n)) [node, last] = [node >> 1n, last >> 1n];
    } else {
      digest = sha256([1], digest, sibling);
    }
    [node, last] = [node >> 1n, last >> 1n];
  }
  return !last && same(digest, root);
}

// The box's key, from the first fact of a log that a trusted witness has cosigned; null when none did.
function voucher(first, claims, witnesses) {
  const witness = witnesses.find((key) => signed(first, key).length);
  if (!witness || first.origin !== claims.origin) return null;
  const key = first.index === 0 && leads(first, sha256([0], first.extra)) && started(first);
  demand(key && key.name === claims.origin && key.kind === 1, "key-proof");
  demand(signedWith(key, claims), "imposter", { origin: claims.origin });
  return { key, name: witness.name };
}

function started(first) {
  try {
    const body = JSON.parse(fromUtf8(first.extra));
    const fits = body.kind === "log.started/1" && `boothkit/${body.box}/${body.log}` === first.origin;
    return fits && readKey(String(body.data.key));
  } catch {
    return null;
  }
}
