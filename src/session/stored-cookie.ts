/** The cookie of a stored session: a sealed id, and the tag of its user. Sent once, never by a mere read. */
import { serializeCookie } from '../cookie/serialize.ts'
import { encodeBase64url } from '../crypto/base64url.ts'
import { sha256 } from '../crypto/digest.ts'
import type { CookieJar, OutgoingCookie } from '../types.ts'
import type { SessionLocation } from './engine.ts'
import { absoluteEnd } from './lifetimes.ts'
import { openToken } from './open-cookie.ts'
import type { SessionRecord } from './record.ts'
import type { SessionSettings } from './settings.ts'
import { parseMembers } from './stored-record.ts'

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

/** Whose session it is; undefined for a visitor's. */
export function readUser<Data>(
  { user }: SessionSettings<Data>,
  data: Data | undefined,
): string | undefined {
  return data === undefined ? undefined : user?.(data)
}

/** The tag of a user under each secret, the first secret's first: sessions made before a rotation carry an older one. */
export async function createUserTags<Data>(
  settings: SessionSettings<Data>,
  env: unknown,
  user: string,
): Promise<string[]> {
  return (await settings.keys(env).ring.macs('user-tag', user)).map((mac) =>
    encodeBase64url(mac.subarray(0, 16)),
  )
}

/** The tag of an outside session under each secret, the first secret's first. */
export async function markTags<Data>(
  settings: SessionSettings<Data>,
  env: unknown,
  mark: string,
): Promise<string[]> {
  const macs = await settings.keys(env).ring.macs('mark', mark)
  return macs.map((mac) => encodeBase64url(mac.subarray(0, 16)))
}

/** The tag, under the newest secret, of the outside session that this data depends on. */
export async function readMark<Data>(
  settings: SessionSettings<Data>,
  env: unknown,
  data: Data | undefined,
): Promise<string | undefined> {
  const mark = data === undefined ? undefined : settings.mark?.(data)
  return mark ? (await markTags(settings, env, mark))[0] : undefined
}
