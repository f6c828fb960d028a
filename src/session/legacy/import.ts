/**
 * Imports cookies of older libraries as sessions, so that a migration signs nobody out: each cookie is opened
 * once, becomes a session, and is expired. Both engines, the revocations and `stored/legacy.ts`,
 * `end.ts` and `write.ts` call it, where a request has no session of ours.
 *
 * A cookie that does not open, or whose data does not fit the schema, counts as none, with the event
 * `session-rejected`. Up to three cookies of a name are tried, and none is used if several open. Nothing
 * throws for a value that a client sent; errors of the options `data` and `user` pass through. Imported
 * sessions count as signed in at an unknown time, so they are never fresh.
 */

import { encodeBase64url } from '../../crypto/base64url.ts'
import { isObject } from '../../options/is-object.ts'
import type { CookieJar, OutgoingCookie } from '../../types.ts'
import { jsonCopy, validateData } from '../core/data.ts'
import type { LoadResult } from '../core/engine.ts'
import { emitSessionEvent } from '../core/events.ts'
import type { LegacyCookie, OpenedLegacy } from '../core/options/options.ts'
import type { SessionSettings } from '../core/options/settings.ts'
import type { SessionRecord } from '../core/record.ts'

/**
 * User agents keep a cookie for at most 400 days, so the import of a seal without expiry is remembered for that long.
 */
const MAX_LIFETIME_MS = 400 * 86_400_000

/** Milliseconds by which the clocks of two machines may differ. */
const SKEW_MS = 60_000

/** Most cookies of a name that are tried, because another host of the domain can plant some. */
const MAX_TRIED = 3

/** Returns the milliseconds for which a copy of a legacy seal can still be opened. */
export function legacyLife<Data>(
  settings: SessionSettings<Data>,
  expiresAt: number | undefined,
): number {
  const remaining = (expiresAt ?? Number.POSITIVE_INFINITY) - settings.clock() + SKEW_MS
  return Math.max(SKEW_MS, Math.min(MAX_LIFETIME_MS, remaining))
}

/**
 * Reads the session of a legacy cookie. Its id is an HMAC of the seal's fingerprint, so that parallel first requests
 * create one session and not several.
 */
export async function importLegacy<Data extends object>(
  settings: SessionSettings<Data>,
  cookieJar: CookieJar,
): Promise<LoadResult<Data>> {
  const content = await openLegacy(settings, cookieJar)
  if (content === undefined) return { record: undefined }

  const macBytes = await settings.keys(cookieJar.env).ring.mac('legacy-import', content.mark)
  const record = createImportedRecord(
    settings,
    encodeBase64url(macBytes.subarray(0, 16)),
    content.data,
  )
  const sealEnds = Math.ceil((settings.clock() + legacyLife(settings, content.expiresAt)) / 1000)
  return { record: { ...record, sealEnds }, pendingWrite: 'import' }
}

/**
 * Computes the ids of the session that a stateless strategy creates from the legacy cookie of a request, for each
 * secret.
 */
export async function importIds<Data extends object>(
  settings: SessionSettings<Data>,
  cookieJar: CookieJar,
): Promise<{ readonly ids: readonly string[]; readonly life: number }> {
  const content = settings.legacy.length === 0 ? undefined : await openLegacy(settings, cookieJar)
  if (content === undefined) return { ids: [], life: 0 }

  const macs = await settings.keys(cookieJar.env).ring.macs('legacy-import', content.mark)
  const ids = macs.map((macBytes) => encodeBase64url(macBytes.subarray(0, 16)))
  return { ids, life: legacyLife(settings, content.expiresAt) }
}

/** Creates the record of an imported session. Its time of authentication is unknown, so `requireFresh` denies it. */
export function createImportedRecord<Data>(
  settings: SessionSettings<Data>,
  id: string,
  sessionData: Data,
): SessionRecord<Data> {
  const nowSeconds = Math.floor(settings.clock() / 1000)
  return { id, created: nowSeconds, seen: nowSeconds, authenticated: 0, data: sessionData }
}

/**
 * Opens the request's legacy cookies. Another host of the domain can plant cookies of these names, so of several one is
 * used only if no other opens, or if all that open belong to the same user.
 */
export async function openLegacy<Data extends object>(
  settings: SessionSettings<Data>,
  cookieJar: CookieJar,
): Promise<OpenedLegacy<Data> | undefined> {
  const contents: OpenedLegacy<Data>[] = []
  for (const legacy of settings.legacy) {
    const content = await openByName(settings, cookieJar, legacy)
    if (content !== undefined) contents.push(content)
  }

  const [firstContent, ...others] = contents
  if (firstContent === undefined || others.length === 0) return firstContent

  const { user } = settings
  const firstUser = user?.(firstContent.data)
  if (user === undefined || others.every(({ data }) => user(data) === firstUser)) {
    return firstContent
  }

  const subject = settings.cookie.name
  emitSessionEvent(settings, cookieJar, { type: 'session-rejected', reason: 'ambiguous', subject })
  return undefined
}

/**
 * Opens the cookie of one name. If there are several, exactly one must open. A browser stores only one cookie of a
 * `__Host-` name, so several cookies of such a name are not opened at all.
 */
async function openByName<Data extends object>(
  settings: SessionSettings<Data>,
  cookieJar: CookieJar,
  legacy: LegacyCookie<Data>,
): Promise<OpenedLegacy<Data> | undefined> {
  const values = [...new Set(cookieJar.read(legacy.name))]
  if (values.length === 0) return undefined

  const areTooMany =
    values.length > MAX_TRIED || (values.length > 1 && legacy.name.startsWith('__Host-'))
  const results = areTooMany
    ? []
    : await Promise.all(values.map((value) => openValue(settings, cookieJar, legacy, value)))
  const contents = results.filter((content) => content !== undefined)
  if (contents.length === 1) return contents[0]

  const reason = areTooMany || contents.length > 1 ? 'ambiguous' : 'legacy'
  emitSessionEvent(settings, cookieJar, { type: 'session-rejected', reason, subject: legacy.name })
  return undefined
}

async function openValue<Data extends object>(
  settings: SessionSettings<Data>,
  cookieJar: CookieJar,
  legacy: LegacyCookie<Data>,
  value: string,
): Promise<OpenedLegacy<Data> | undefined> {
  const content = await legacy.open(value, cookieJar.env, settings.clock())
  if (content === undefined || !isObject(content.data)) return undefined

  const data = await acceptData(settings, content.data)
  return data === undefined ? undefined : { ...content, data }
}

/** Creates the cookies that remove the legacy cookies of this request from the browser. */
export function expireLegacy<Data>(
  settings: SessionSettings<Data>,
  cookieJar: CookieJar,
): OutgoingCookie[] {
  return settings.legacy
    .filter(({ name }) => cookieJar.read(name).length > 0)
    .map(({ expire }) => expire)
}

async function acceptData<Data>(
  settings: SessionSettings<Data>,
  sessionData: Data,
): Promise<Data | undefined> {
  try {
    const copy = jsonCopy(sessionData, '')
    if (settings.schema === undefined) return copy

    const result = await validateData(settings.schema, copy)
    return 'issues' in result ? undefined : result.data
  } catch {
    return undefined
  }
}
