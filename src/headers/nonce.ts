/**
 * Creates the nonces of Content-Security-Policy, an unpredictable one for each response, and
 * defines the placeholder NONCE of policies. The header writer, the layer of `secureHeaders()` and
 * the gateway's console create nonces; applications use `NONCE` and `nonceSource()` in their
 * policies. Only `createNonce` could throw, where the runtime has no `crypto.getRandomValues`.
 * `nonceSource` does not validate its argument.
 */

/**
 * The placeholder for the response's nonce in the sources of a policy: `scriptSrc: [NONCE,
 * "'strict-dynamic'"]`. The value is not a valid source, so a policy that is sent with it by
 * mistake allows nothing.
 */
export const NONCE = "'nonce'"

/**
 * A nonce has 144 bits. CSP Level 3 section 7.1 requires 128, and a multiple of three bytes needs
 * no padding in base64.
 */
const nonceBytes = 18
const nonceLength = 24
/**
 * A buffer for 32 nonces, which is reused. A new buffer, or a longer pool, would cost several times
 * as much as a nonce.
 */
const randomBytes = /* @__PURE__ */ new Uint8Array(nonceBytes * 32)
let noncePool = ''
let nextIndex = 0

/**
 * Creates a nonce in base64url. It is taken from a pool of random bytes, which takes less than 0.1
 * us. The pool is safe, because a nonce must be unpredictable and need not be unique as the IV of a
 * cipher must.
 */
export function createNonce(): string {
  if (nextIndex === noncePool.length) {
    crypto.getRandomValues(randomBytes)
    noncePool = randomBytes.toBase64?.({ alphabet: 'base64url' }) ?? encodeNonce(randomBytes)
    nextIndex = 0
  }

  const startIndex = nextIndex
  nextIndex += nonceLength

  return noncePool.slice(startIndex, nextIndex)
}

/**
 * Encodes bytes as base64url where the runtime lacks `toBase64`, as Node 24 does. Multiples of
 * three bytes need no padding.
 */
function encodeNonce(randomBytes: Uint8Array): string {
  // biome-ignore lint/style/noRestrictedGlobals: it runs once for 32 nonces; the table in crypto/ would weigh 0.3 kB.
  return btoa(String.fromCharCode(...randomBytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
}

/**
 * Returns the source that allows scripts and styles with the nonce.
 *
 * @example
 * nonceSource(c.get('secureHeadersNonce')) // "'nonce-aJ3...'"
 */
export function nonceSource(nonce: string): string {
  return `'nonce-${nonce}'`
}

/**
 * Values of Sec-Fetch-Dest of subresources, which cannot be pages. A request without Sec-Fetch-Dest
 * may be for a page.
 */
const subresources: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'audio',
  'font',
  'image',
  'manifest',
  'paintworklet',
  'report',
  'script',
  'serviceworker',
  'sharedworker',
  'style',
  'track',
  'video',
  'worker',
])

/** Reports whether the response to a request may be a page, which needs a nonce. */
export function canShowPage(headers: Pick<Headers, 'get'>): boolean {
  const destination = headers.get('sec-fetch-dest')
  return destination === null || !subresources.has(destination)
}
