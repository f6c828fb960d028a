/**
 * Imports a JWK into Web Crypto for one signature algorithm. `connection.ts` imports public keys with
 * it, and `presets/private-key-jwt.ts` the private key of the client. It rejects with the platform's
 * error for a key that cannot be imported, or for an algorithm that the platform does not know.
 */

/** Imports a key. @throws {Error} the platform's error for a key that cannot be imported */
export function importKey(
  jwk: JsonWebKey,
  alg: string,
  usage: 'sign' | 'verify',
): Promise<CryptoKey> {
  // The caller has checked `alg`, `use` and `key_ops`; runtimes differ in the values that they accept, so they are
  // dropped.
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
