/**
 * Creates the key of the development provider: a new one for each process. `dev-provider.ts` signs
 * with it. Tokens of an earlier process no longer verify.
 */
import { encodeBase64url, randomId } from '../../crypto/index.ts'

/** Signs what the provider says. */
export interface DevKeys {
  readJwk(): Promise<JsonWebKey>
  sign(claims: object, typ?: string): Promise<string>
}

interface MadeKey {
  readonly signer: CryptoKey
  readonly jwk: JsonWebKey & { readonly kid: string }
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const

/** Creates the keys; the pair is generated when it is first needed. */
export function createDevKeys(): DevKeys {
  let made: MadeKey | undefined

  async function makeKey(): Promise<MadeKey> {
    const pair = (await crypto.subtle.generateKey(algorithm, true, [
      'sign',
      'verify',
    ])) as CryptoKeyPair
    const { kty, crv, x, y } = (await crypto.subtle.exportKey('jwk', pair.publicKey)) as JsonWebKey
    const parts = { kty, crv, x, y, use: 'sig', alg: 'ES256', kid: randomId(6) }
    // Two requests at the same time may both have made one: the first counts.
    made ??= { signer: pair.privateKey, jwk: parts as MadeKey['jwk'] }
    return made
  }

  return {
    readJwk: async () => (made ?? (await makeKey())).jwk,
    async sign(claims, typ = 'JWT') {
      const { signer, jwk } = made ?? (await makeKey())
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
