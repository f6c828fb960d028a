/**
 * Unseals the session cookies of a request, and decides whether a request whose cookie is rejected
 * may write. Both engines call it for every load. It never throws for a cookie: a rejected one
 * gives its reason, and an event.
 */

import type { Sealer } from '../../crypto/seal.ts'
import type { CookieJar } from '../../types.ts'
import type { LoadResult, WriteBlockReason } from './engine.ts'
import { emitSessionEvent } from './events.ts'
import type { SessionSettings } from './options/settings.ts'

/** Another host of the domain can plant cookies of our name, so this many are tried. */
const MAX_TRIED = 3

const WRITE_BLOCK_REASONS: readonly string[] = [
  'ended',
  'unknown-key',
  'invalid-data',
  'from-the-future',
] satisfies WriteBlockReason[]

/**
 * Unseals the request's cookies of our name.
 *
 * @returns the sealed text, or the reason why there is none.
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
 * Picks the one of several cookies that opens. A browser stores only one cookie of a `__Host-` name, so a second one was
 * planted and none is used. Nor is any used where two of them open.
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

/** Emits why a cookie is rejected and returns the session of a request without one. */
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
 * Returns no session, and blocks writes where the cookie belongs to somebody: data of another schema is kept for the
 * deployment that can read it, and a session from the future for the machine whose clock is right.
 */
export function createEmptySession(reason: string): {
  readonly record: undefined
  readonly block?: WriteBlockReason
} {
  return WRITE_BLOCK_REASONS.includes(reason)
    ? { record: undefined, block: reason as WriteBlockReason }
    : { record: undefined }
}
