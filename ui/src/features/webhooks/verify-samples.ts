/** How a receiver checks that a message comes from here, in the languages most of them are written in. */
export const VERIFY_SAMPLES = [
  {
    language: 'Python',
    code: `import hashlib, hmac, time

def is_genuine(secret: str, signature: str, body: bytes) -> bool:
    parts = dict(part.split("=", 1) for part in signature.split(","))
    signed = parts["t"].encode() + b"." + body
    expected = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    fresh = abs(time.time() - int(parts["t"])) < 300
    return fresh and hmac.compare_digest(expected, parts["v1"])`,
  },
  {
    language: 'Node.js',
    code: `import { createHmac, timingSafeEqual } from 'node:crypto';

export function isGenuine(secret, signature, body /* Buffer, as it came */) {
  const { t, v1 } = Object.fromEntries(signature.split(',').map((part) => part.split('=')));
  const expected = createHmac('sha256', secret).update(\`\${t}.\`).update(body).digest();
  const given = Buffer.from(v1, 'hex');
  const fresh = Math.abs(Date.now() / 1000 - Number(t)) < 300;
  return fresh && given.length === expected.length && timingSafeEqual(given, expected);
}`,
  },
  {
    language: 'PHP',
    code: `function is_genuine(string $secret, string $signature, string $body): bool {
    parse_str(strtr($signature, ',', '&'), $parts);
    $expected = hash_hmac('sha256', $parts['t'] . '.' . $body, $secret);
    $fresh = abs(time() - (int) $parts['t']) < 300;
    return $fresh && hash_equals($expected, $parts['v1']);
}
// $signature = $_SERVER['HTTP_STREAMSTEAD_SIGNATURE']; $body = file_get_contents('php://input');`,
  },
] as const;
