/**
 * Creates nonces for Content-Security-Policy: an unpredictable one for each response. The header
 * writers call it where a response may be a page, and applications read it for their templates. It
 * has no input that could be wrong.
 */

/**
 * The placeholder for the response's nonce in the sources of a policy: `scriptSrc: [NONCE, "'strict-dynamic'"]`. The
 * value is not a valid source, so that a policy that is sent by mistake with it allows nothing.
 */
export const NONCE = "'nonce'"

/** 144 bits: the next multiple of three bytes over the 128 that CSP Level 3 section 7.1 asks for needs no padding. */
const nonceBytes = 18
const nonceLength = 24
/** A reused buffer for 32 nonces: a new buffer, or a longer pool, would cost several times as much as a nonce. */
const randomBytes = /* @__PURE__ */ new Uint8Array(nonceBytes * 32)
let noncePool = ''
let nextIndex = 0

/**
 * Creates a nonce as base64url. It is taken from a pool of random bytes, which costs less than 0.1 us. The pool is safe
 * because a nonce must be unpredictable, not unique as the IV of a cipher.
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

/** Encodes as base64url where the runtime lacks `toBase64`, as Node 24 does. Multiples of three bytes need no padding. */
function encodeNonce(randomBytes: Uint8Array): string {
  // biome-ignore lint/style/noRestrictedGlobals: once for 32 nonces; the table in crypto/ would weigh 0.3 kB.
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

/** Destinations of subresources, which cannot be pages. A request without Sec-Fetch-Dest may ask for a page. */
const noPage: ReadonlySet<string> = /* @__PURE__ */ new Set([
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

/** Whether the response to a request may be a page that needs a nonce. */
export function canShowPage(headers: Pick<Headers, 'get'>): boolean {
  const destination = headers.get('sec-fetch-dest')
  return destination === null || !noPage.has(destination)
}
