/** The cookie of a stored session: a sealed id, and the tag of its user. Sent once, never by a mere read. */
import { serializeCookie } from '../../cookie/serialize.ts'
import { sha256 } from '../../crypto/digest.ts'
import type { CookieJar, OutgoingCookie } from '../../types.ts'
import type { SessionLocation } from '../core/engine.ts'
import { absoluteEnd } from '../core/lifetimes.ts'
import type { SessionRecord } from '../core/record.ts'
import type { SessionSettings } from '../core/settings.ts'
import { openToken } from '../core/token.ts'
import { parseMembers } from './record.ts'

/** What the cookie holds. */
interface WireLocation {
  /** 256 random bits: the id. Only its digest ever leaves the isolate. */
  readonly i?: unknown
  /** Tag of the user, where the session has one. */
  readonly u?: unknown
  /** Tag of the outside session that it depends on, where there is one. */
  readonly m?: unknown
  /** 1 where the session came from a login, which decides its idle limit before the record is there. */
  readonly a?: unknown
}

/** Where the request's session is; a refusal where its cookie says nothing; undefined where there is no cookie. */
export async function findLocation<Data>(
  settings: SessionSettings<Data>,
  jar: CookieJar,
): Promise<SessionLocation | { readonly refused: string } | undefined> {
  const tokens = jar.read(settings.cookie.name)
  if (tokens.length === 0) return undefined
  const opened = await openToken(settings, settings.keys(jar.env).sealer, tokens)
  if (typeof opened !== 'string') return opened
  const { i, u, m, a }: WireLocation = parseMembers(opened)
  if (typeof i !== 'string' || !isTag(u) || !isTag(m)) return { refused: 'malformed' }
  return createLocation(i, a === 1, u, m)
}

function isTag(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}

/**
 * Where the session of an id belongs. `index`: the list of its user; `mark`: what it depends on
 * elsewhere; each if there is one.
 */
export async function createLocation(
  id: string,
  signedIn: boolean,
  index?: string,
  mark?: string,
): Promise<SessionLocation> {
  const ref: { key: string; index?: string; mark?: string } = { key: await sha256(id) }
  if (index !== undefined) ref.index = index
  if (mark !== undefined) ref.mark = mark
  return { ref, signedIn }
}

/** The cookie for an id; it lasts as long as the session can, since the store judges the idle limit. */
export async function writeLocation<Data>(
  settings: SessionSettings<Data>,
  jar: CookieJar,
  id: string,
  { ref, signedIn }: SessionLocation,
  record: SessionRecord<Data>,
): Promise<OutgoingCookie> {
  const { cookie, limits, clock } = settings
  const wire: WireLocation = { i: id, u: ref.index, m: ref.mark, ...(signedIn && { a: 1 }) }
  const token = await settings.keys(jar.env).sealer.seal(JSON.stringify(wire))
  const left = absoluteEnd(record, limits) - Math.floor(clock() / 1000)
  return serializeCookie(cookie, token, Math.max(1, left))
}
