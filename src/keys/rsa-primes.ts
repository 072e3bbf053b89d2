/** The members of an RSA private key, RFC 8017 section 3.2, as unsigned numbers. */
export interface RsaNumbers {
  readonly p: bigint;
  readonly q: bigint;
  readonly dp: bigint;
  readonly dq: bigint;
  readonly qi: bigint;
}

/**
 * The primes of an RSA key that says only modulus and exponents, and what OpenSSL wants beside them: NIST SP 800-56B
 * revision 2, appendix C.2. Undefined when the three do not belong together, or the exponents are of a size that no
 * generator makes.
 */
export function recoverPrimes(n: bigint, e: bigint, d: bigint): RsaNumbers | undefined {
  if (n <= 3n || e <= 1n || e >= 2n ** 256n || d <= 1n || d >= n) return undefined;
  const multiple = d * e - 1n;
  const a = multiple * gcd(n - 1n, multiple);
  const m = a / n;
  const b = (n - (a - m * n)) / (m + 1n) + 1n;
  const square = b * b - 4n * n;
  if (square <= 0n) return undefined;
  const root = squareRoot(square);
  const [p, q] = [(b + root) / 2n, (b - root) / 2n];
  if (p * q !== n || q <= 1n) return undefined;
  return { p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) };
}

function gcd(one: bigint, other: bigint): bigint {
  let [a, b] = [one, other];
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}

/** Newton's method, from above; rounded down. */
function squareRoot(value: bigint): bigint {
  let root = 1n << BigInt(Math.ceil(value.toString(16).length * 2) + 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** The number that gives 1 with `value`, modulo a prime. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [r, next, s, nextS] = [modulus, value % modulus, 0n, 1n];
  while (next !== 0n) {
    const quotient = r / next;
    [r, next, s, nextS] = [next, r - quotient * next, nextS, s - quotient * nextS];
  }
  return s < 0n ? s + modulus : s;
}
