/** The cookie of a stored session: a sealed id, and the tag of its user. Sent once, never by a mere read. */
import { serializeCookie } from '../cookie/serialize.ts'
import { encodeBase64url } from '../crypto/base64url.ts'
import { sha256 } from '../crypto/digest.ts'
import type { CookieJar, OutgoingCookie } from '../types.ts'
import type { Loaded, Place } from './engine.ts'
import { openToken } from './open-cookie.ts'
import { isObject } from './record.ts'
import type { SessionSettings } from './settings.ts'

/** What the cookie holds. */
interface Wire {
  /** 256 random bits: the id. Only its digest ever leaves the isolate. */
  readonly i?: unknown
  /** Tag of the user, where the session has one. */
  readonly u?: unknown
  /** 1 where the session came from a login, which decides its idle limit before the record is there. */
  readonly a?: unknown
}

/** Where the request's session is; a refusal where its cookie says nothing; undefined where there is no cookie. */
export async function findPlace<Data>(
  settings: SessionSettings<Data>,
  jar: CookieJar,
): Promise<Place | (Loaded<Data> & { readonly refused: string }) | undefined> {
  const tokens = jar.read(settings.cookie.name)
  if (tokens.length === 0) return undefined
  const opened = await openToken(settings, settings.keys(jar.env).sealer, tokens)
  if (typeof opened !== 'string') {
    const none = { record: undefined, refused: opened.refused }
    return opened.refused === 'unknown-key' ? { ...none, block: 'unknown-key' } : none
  }
  const wire: unknown = JSON.parse(opened)
  const { i, u, a } = (isObject(wire) ? wire : {}) as Wire
  if (typeof i !== 'string' || !(u === undefined || typeof u === 'string'))
    return { record: undefined, refused: 'malformed' }
  return { ref: { key: await sha256(i), ...(u !== undefined && { index: u }) }, signedIn: a === 1 }
}

/** The cookie for an id; its Max-Age is the session's whole life, since the store judges the idle limit. */
export async function writePlace<Data>(
  settings: SessionSettings<Data>,
  jar: CookieJar,
  id: string,
  { ref, signedIn }: Place,
): Promise<OutgoingCookie> {
  const wire: Wire = { i: id, u: ref.index, ...(signedIn && { a: 1 }) }
  const token = await settings.keys(jar.env).sealer.seal(JSON.stringify(wire))
  return serializeCookie(settings.cookie, token, settings.limits.maxAge)
}

/** The tag of a user under the first secret, or under each: sessions made before a rotation carry an older one. */
export async function tagOf<Data>(settings: SessionSettings<Data>, env: unknown, user: string): Promise<string> {
  return encodeBase64url((await settings.keys(env).ring.mac('user-tag', user)).subarray(0, 16))
}

/** All of them, the first secret's first. */
export async function tagsOf<Data>(settings: SessionSettings<Data>, env: unknown, user: string): Promise<string[]> {
  return (await settings.keys(env).ring.macs('user-tag', user)).map((mac) => encodeBase64url(mac.subarray(0, 16)))
}
