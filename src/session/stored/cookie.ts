/**
 * Creates and reads the cookie of a stored session, which is a sealed id with the tags of its user and mark.
 * `load.ts`, `end.ts`, `legacy.ts` and `write.ts` call it.
 *
 * The cookie is sent when a session is created and never by a mere read. A cookie that is forged or
 * malformed gives the reason instead of a location; nothing throws for what a client sent. An invalid
 * secret in the environment throws `ERR_CONFIG`.
 */
import { serializeCookie } from '../../cookie/serialize.ts'
import { sha256 } from '../../crypto/digest.ts'
import type { CookieJar, OutgoingCookie } from '../../types.ts'
import type { SessionLocation } from '../core/engine.ts'
import { absoluteEnd } from '../core/lifetimes.ts'
import type { SessionSettings } from '../core/options/settings.ts'
import type { SessionRecord } from '../core/record.ts'
import { openToken } from '../core/token.ts'
import { parseMembers } from './record.ts'

/** The sealed content of the cookie. */
interface WireLocation {
  /** The id: 256 random bits. The store receives only its digest. */
  readonly i?: unknown
  /** Tag of the user, if the session has one. */
  readonly u?: unknown
  /** Tag of the outside session that this one depends on, if there is one. */
  readonly m?: unknown
  /** 1 if the session came from a login, so that its idle timeout is known before the record is read. */
  readonly a?: unknown
}

/**
 * Finds the location of the request's session.
 *
 * @returns the location, the reason if the cookie is rejected, or undefined if there is no cookie.
 */
export async function findLocation<Data>(
  settings: SessionSettings<Data>,
  cookieJar: CookieJar,
): Promise<SessionLocation | { readonly refused: string } | undefined> {
  const tokens = cookieJar.read(settings.cookie.name)
  if (tokens.length === 0) return undefined

  const json = await openToken(settings, settings.keys(cookieJar.env).sealer, tokens)
  if (typeof json !== 'string') return json

  const { i, u, m, a }: WireLocation = parseMembers(json)
  if (typeof i !== 'string' || !isTag(u) || !isTag(m)) return { refused: 'malformed' }
  return createLocation(i, a === 1, u, m)
}

function isTag(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}

/**
 * Creates the location of the session with an id.
 *
 * @param index - tag of its user, the name of the list of the user's sessions.
 * @param mark - tag of the outside session that it depends on.
 */
export async function createLocation(
  sessionId: string,
  signedIn: boolean,
  index?: string,
  mark?: string,
): Promise<SessionLocation> {
  const ref: { key: string; index?: string; mark?: string } = { key: await sha256(sessionId) }
  if (index !== undefined) ref.index = index
  if (mark !== undefined) ref.mark = mark
  return { ref, signedIn }
}

/** A stored session with the id that its cookie holds. */
export interface IdentifiedSession<Data> {
  readonly id: string
  readonly location: SessionLocation
  readonly record: SessionRecord<Data>
}

/** Seals the cookie of a session. It lasts until the absolute timeout, since the store checks the idle timeout. */
export async function sealLocation<Data>(
  settings: SessionSettings<Data>,
  cookieJar: CookieJar,
  { id, location, record }: IdentifiedSession<Data>,
): Promise<OutgoingCookie> {
  const { cookie, limits, clock } = settings
  const { ref, signedIn } = location
  const wire: WireLocation = { i: id, u: ref.index, m: ref.mark, ...(signedIn && { a: 1 }) }
  const token = await settings.keys(cookieJar.env).sealer.seal(JSON.stringify(wire))
  const remaining = absoluteEnd(record, limits) - Math.floor(clock() / 1000)
  return serializeCookie(cookie, token, Math.max(1, remaining))
}
