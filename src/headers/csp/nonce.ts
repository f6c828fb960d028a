/** Nonces for Content-Security-Policy: one for each response, known to nobody before it. */

/**
 * Stands for the nonce of the response where a policy lists sources: `scriptSrc: [NONCE, "'strict-dynamic'"]`. The value
 * is a source that no policy can hold, so that one that leaks allows nothing.
 */
export const NONCE = "'nonce'"

/** 144 bits: the next multiple of three bytes over the 128 that CSP Level 3 section 7.1 asks for needs no padding. */
const bytes = 18
const characters = 24
/** The same bytes each time, and few: new ones, or a longer text, cost several times what a nonce does. */
const random = /* @__PURE__ */ new Uint8Array(bytes * 32)
let pool = ''
let next = 0

/**
 * A nonce that was never given out before, as base64url. A pool of random bytes makes it cost less than 0.1 us; unlike the
 * IV of a cipher a nonce needs to be unknown, not unique, so that a pool loses nothing.
 */
export function createNonce(): string {
  if (next === pool.length) {
    crypto.getRandomValues(random)
    pool = random.toBase64?.({ alphabet: 'base64url' }) ?? encodeNonce(random)
    next = 0
  }

  const at = next
  next += characters

  return pool.slice(at, next)
}

/** Where the runtime does not do it: Node 24. Whole multiples of three bytes have no padding. */
function encodeNonce(random: Uint8Array): string {
  // biome-ignore lint/style/noRestrictedGlobals: once for 32 nonces; the table in crypto/ would weigh 0.3 kB.
  return btoa(String.fromCharCode(...random))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
}

/** The source that allows what carries the nonce. */
export function nonceSource(nonce: string): string {
  return `'nonce-${nonce}'`
}

/** Subresources cannot hold markup; everything else, and every client that does not say, may get a page. */
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

/** Whether the answer to a request may be a page that needs a nonce. */
export function canShowPage(headers: Headers): boolean {
  const destination = headers.get('sec-fetch-dest')
  return destination === null || !noPage.has(destination)
}
