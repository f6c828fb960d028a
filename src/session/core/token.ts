/**
 * Unseals the session cookies of a request, and decides whether a request whose cookie is rejected may
 * write a new one. Both engines call it for every load.
 *
 * It never throws for a cookie. A rejected cookie reads as no session, with the event `session-rejected`
 * and its reason; some reasons also block writes, such as a cookie of an unknown key. Several cookies of
 * the same name are tried up to three, and are all rejected as ambiguous if not exactly one opens.
 */

import type { Sealer } from '../../crypto/seal.ts'
import type { CookieJar } from '../../types.ts'
import type { LoadResult, WriteBlockReason } from './engine.ts'
import { emitSessionEvent } from './events.ts'
import type { SessionSettings } from './options/settings.ts'

/** Most cookies of our name that are tried, because another host of the domain can plant some. */
const MAX_TRIED = 3

const WRITE_BLOCK_REASONS: readonly string[] = [
  'ended',
  'unknown-key',
  'invalid-data',
  'from-the-future',
] satisfies WriteBlockReason[]

/**
 * Unseals the cookies that the request has under our name.
 *
 * @returns the text, or the reason why no cookie was accepted.
 */
export function openToken<Data>(
  settings: SessionSettings<Data>,
  sealer: Sealer,
  tokens: readonly string[],
): Promise<string | { readonly refused: string }> {
  return tokens.length === 1
    ? sealer.open(tokens[0] as string)
    : openOnlyOne(settings, sealer, tokens)
}

/**
 * Returns the one of several cookies that opens. A browser stores only one cookie of a `__Host-` name, so a second one
 * was planted, and none is accepted. None is accepted either if two of them open.
 */
async function openOnlyOne<Data>(
  settings: SessionSettings<Data>,
  sealer: Sealer,
  tokens: readonly string[],
): Promise<string | { readonly refused: 'ambiguous' | 'unknown-key' }> {
  if (settings.cookie.name.startsWith('__Host-') || tokens.length > MAX_TRIED) {
    return { refused: 'ambiguous' }
  }

  const results = await Promise.all(tokens.map((token) => sealer.open(token)))
  const texts = results.filter((result) => typeof result === 'string')
  if (texts.length === 1) return texts[0] as string

  const hasUnknownKey = results.some(
    (result) => typeof result !== 'string' && result.refused === 'unknown-key',
  )
  return { refused: texts.length === 0 && hasUnknownKey ? 'unknown-key' : 'ambiguous' }
}

/** Emits the reason why a cookie is rejected, and returns an empty session. */
export function rejectCookie<Data>(
  settings: SessionSettings<Data>,
  cookieJar: CookieJar,
  reason: string,
): LoadResult<Data> {
  const subject = settings.cookie.name
  emitSessionEvent(settings, cookieJar, { type: 'session-rejected', reason, subject })
  return createEmptySession(reason)
}

/**
 * Returns an empty session. It blocks writes if the cookie may be valid elsewhere: data of another schema is kept for
 * the deployment that can read it, and a session from the future for the machine whose clock is right.
 */
export function createEmptySession(reason: string): {
  readonly record: undefined
  readonly block?: WriteBlockReason
} {
  return WRITE_BLOCK_REASONS.includes(reason)
    ? { record: undefined, block: reason as WriteBlockReason }
    : { record: undefined }
}
