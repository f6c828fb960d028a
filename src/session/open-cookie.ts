/** From a cookie to a stateless session: opened, judged by both clocks, passed through the schema. */
import type { Sealer } from '../crypto/seal.ts'
import type { CookieJar } from '../types.ts'
import { passSchema } from './data.ts'
import type { LoadResult, WriteBlockReason } from './engine.ts'
import { checkLifetimes, isSlideDue } from './lifetimes.ts'
import { readRecord } from './record.ts'
import type { SessionSettings } from './settings.ts'

/** How many cookies of our name are tried where another host of the domain may have planted some. */
const MAX_TRIED = 3

/** The session of the request's cookies of our name; there is at least one. */
export async function openCookie<Data>(
  settings: SessionSettings<Data>,
  jar: CookieJar,
  tokens: readonly string[],
): Promise<LoadResult<Data>> {
  const { cookie, limits, clock, emit, schema } = settings
  const { sealer } = settings.keys(jar.env)
  const opened =
    tokens.length === 1
      ? await sealer.open(tokens[0] as string)
      : await openOnlyOne(settings, sealer, tokens)
  if (typeof opened !== 'string') {
    emit?.({ type: 'session-rejected', reason: opened.refused, subject: cookie.name })
    return blocked(opened.refused)
  }
  const record = readRecord<Data>(opened)
  if (record === undefined) return rejectCookie(settings, 'invalid-data')
  const now = Math.floor(clock() / 1000)
  const standing = checkLifetimes(record, limits, now)
  if (standing !== 'alive') return rejectCookie(settings, standing)
  const due = isSlideDue(record, limits, now) ? ({ due: 'slide' } as const) : undefined
  if (schema === undefined || record.data === undefined) return { record, ...due }
  const result = await passSchema(schema, record.data)
  return 'wrong' in result
    ? rejectCookie(settings, 'invalid-data')
    : { record: { ...record, data: result.data }, ...due }
}

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

const BLOCKS: ReadonlySet<string> = new Set<WriteBlockReason>([
  'ended',
  'unknown-key',
  'invalid-data',
  'from-the-future',
])

/** No session; where it belongs to somebody all the same, the request may not write either. */
export function blocked(reason: string): {
  readonly record: undefined
  readonly block?: WriteBlockReason
} {
  return BLOCKS.has(reason)
    ? { record: undefined, block: reason as WriteBlockReason }
    : { record: undefined }
}
