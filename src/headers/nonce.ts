/** Nonces for Content-Security-Policy: one for each response, known to nobody before it. */
import { encodeBase64url } from '../crypto/base64url.ts'

/**
 * Stands for the nonce of the response where a policy lists sources: `scriptSrc: [NONCE, "'strict-dynamic'"]`. The value
 * is a source that no policy can hold, so that one that leaks allows nothing.
 */
export const NONCE = "'nonce'"

/** 144 bits: the next multiple of three bytes over the 128 that CSP Level 3 section 7.1 asks for needs no padding. */
const bytes = 18
const characters = 24
const pooled = 128
let pool = ''
let next = 0

/**
 * A nonce that was never given out before, as base64url. A pool of random bytes makes it cost less than 0.1 us; unlike the
 * IV of a cipher a nonce needs to be unknown, not unique, so that a pool loses nothing.
 */
export function freshNonce(): string {
  if (next === pool.length) {
    pool = encodeBase64url(crypto.getRandomValues(new Uint8Array(bytes * pooled)))
    next = 0
  }
  const at = next
  next += characters
  return pool.slice(at, next)
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
export function mayShowPage(headers: Headers): boolean {
  const destination = headers.get('sec-fetch-dest')
  return destination === null || !noPage.has(destination)
}
