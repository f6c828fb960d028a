/**
 * Creates the signing key of the development provider and signs its tokens (ES256). `devProvider()`
 * uses it. The key is generated at the first use and exists in this process only, so tokens of an
 * earlier process no longer verify. It rejects only where the runtime's Web Crypto does.
 */
import { encodeBase64url, randomId } from '../../crypto/index.ts'

/** The public key of the provider, and the function that signs its tokens. */
export interface DevKeys {
  readJwk(): Promise<JsonWebKey>
  sign(claims: object, typ?: string): Promise<string>
}

interface SigningKey {
  readonly signer: CryptoKey
  readonly jwk: JsonWebKey & { readonly kid: string }
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const

/** Creates the keys. The pair is generated when it is first needed. */
export function createDevKeys(): DevKeys {
  let signingKey: SigningKey | undefined

  async function createKey(): Promise<SigningKey> {
    const pair = (await crypto.subtle.generateKey(algorithm, true, [
      'sign',
      'verify',
    ])) as CryptoKeyPair
    const { kty, crv, x, y } = (await crypto.subtle.exportKey('jwk', pair.publicKey)) as JsonWebKey
    const parts = { kty, crv, x, y, use: 'sig', alg: 'ES256', kid: randomId(6) }
    // Two parallel requests may both have generated a pair. The first one is used.
    signingKey ??= { signer: pair.privateKey, jwk: parts as SigningKey['jwk'] }
    return signingKey
  }

  return {
    readJwk: async () => (signingKey ?? (await createKey())).jwk,
    async sign(claims, typ = 'JWT') {
      const { signer, jwk } = signingKey ?? (await createKey())
      const head = encodeJson({ alg: 'ES256', typ, kid: jwk.kid })
      const input = `${head}.${encodeJson(claims)}`
      const bytes = new TextEncoder().encode(input)
      const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, signer, bytes)
      return `${input}.${encodeBase64url(new Uint8Array(signature))}`
    },
  }
}

function encodeJson(value: object): string {
  return encodeBase64url(new TextEncoder().encode(JSON.stringify(value)))
}
