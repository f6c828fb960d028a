/**
 * Imports JWKs into Web Crypto. `connection.ts` and `private-key-jwt.ts` call it. It throws the
 * platform's error for a key that cannot be imported.
 */

/** @throws {Error} of the platform for a key that it cannot import */
export function importKey(
  jwk: JsonWebKey,
  alg: string,
  usage: 'sign' | 'verify',
): Promise<CryptoKey> {
  // The use of a key was checked before, and runtimes differ in what they accept here.
  const { alg: _alg, use: _use, key_ops: _operations, ext: _ext, ...key } = jwk
  return crypto.subtle.importKey('jwk', key, readParameters(jwk, alg), false, [usage])
}

function readParameters(
  { crv }: JsonWebKey,
  alg: string,
): RsaHashedImportParams | EcKeyImportParams | { readonly name: string } {
  const hash = `SHA-${alg.slice(2)}`
  if (alg.startsWith('RS')) return { name: 'RSASSA-PKCS1-v1_5', hash }
  if (alg.startsWith('PS')) return { name: 'RSA-PSS', hash }
  return alg.startsWith('ES')
    ? { name: 'ECDSA', namedCurve: `${crv}` }
    : { name: crv === 'Ed25519' ? crv : 'unknown' }
}
