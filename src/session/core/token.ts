/** Unseals the session cookies of a request, and decides whether a request whose cookie is rejected may write. */
import type { Sealer } from '../../crypto/seal.ts'
import type { LoadResult, WriteBlockReason } from './engine.ts'
import type { SessionSettings } from './settings.ts'

/** How many cookies of our name are tried where another host of the domain may have planted some. */
const MAX_TRIED = 3

const BLOCKS: ReadonlySet<string> = new Set<WriteBlockReason>([
  'ended',
  'unknown-key',
  'invalid-data',
  'from-the-future',
])

/** What was sealed into the request's cookies of our name, or why there is nothing. */
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
 * Of several cookies of our name: none where the browser guarantees one (`__Host-`), since then somebody planted the
 * other; else the one that opens, if exactly one does.
 */
async function openOnlyOne<Data>(
  settings: SessionSettings<Data>,
  sealer: Sealer,
  tokens: readonly string[],
): Promise<string | { readonly refused: 'ambiguous' | 'unknown-key' }> {
  if (settings.cookie.name.startsWith('__Host-') || tokens.length > MAX_TRIED)
    return { refused: 'ambiguous' }
  const opened = await Promise.all(tokens.map((token) => sealer.open(token)))
  const good = opened.filter((result) => typeof result === 'string')
  if (good.length === 1) return good[0] as string
  const unknown = opened.some(
    (result) => typeof result !== 'string' && result.refused === 'unknown-key',
  )
  return { refused: good.length === 0 && unknown ? 'unknown-key' : 'ambiguous' }
}

/**
 * Data of another schema is kept for the deployment that can read it, and a session from the future for the machine whose
 * clock is right; anything else counts as no session.
 */
export function rejectCookie<Data>(
  settings: SessionSettings<Data>,
  reason: string,
): LoadResult<Data> {
  settings.emit?.({ type: 'session-rejected', reason, subject: settings.cookie.name })
  return blocked(reason)
}

/** No session; where it belongs to somebody all the same, the request may not write either. */
export function blocked(reason: string): {
  readonly record: undefined
  readonly block?: WriteBlockReason
} {
  return BLOCKS.has(reason)
    ? { record: undefined, block: reason as WriteBlockReason }
    : { record: undefined }
}
