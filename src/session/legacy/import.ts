/** Cookies of older libraries, read once and then expired: a migration logs nobody out. */

import { encodeBase64url } from '../../crypto/base64url.ts'
import type { CookieJar, OutgoingCookie } from '../../types.ts'
import { jsonCopy, passSchema } from '../core/data.ts'
import type { LoadResult } from '../core/engine.ts'
import type { LegacyCookie, OpenedLegacy } from '../core/options.ts'
import { isObject, type SessionRecord } from '../core/record.ts'
import type { SessionSettings } from '../core/settings.ts'

/** User agents keep no cookie longer; a seal that says no end could open for ever. */
const LONGEST = 400 * 86_400_000

/** Clocks of two machines may differ by this much. */
const SKEW = 60_000

/** Milliseconds for which a copy of a legacy seal can still open. */
export function legacyLife<Data>(
  settings: SessionSettings<Data>,
  expiresAt: number | undefined,
): number {
  return Math.max(
    SKEW,
    Math.min(LONGEST, (expiresAt ?? Number.POSITIVE_INFINITY) - settings.clock() + SKEW),
  )
}

/**
 * The session of a legacy cookie. Its id is an HMAC of the seal's own mark, so that parallel first requests make one
 * session and not several.
 */
export async function importLegacy<Data extends object>(
  settings: SessionSettings<Data>,
  jar: CookieJar,
): Promise<LoadResult<Data>> {
  const opened = await openLegacy(settings, jar)
  if (opened === undefined) return { record: undefined }

  const mac = await settings.keys(jar.env).ring.mac('legacy-import', opened.mark)
  const record = createImportedRecord(settings, encodeBase64url(mac.subarray(0, 16)), opened.data)
  const sealEnds = Math.ceil((settings.clock() + legacyLife(settings, opened.expiresAt)) / 1000)
  return { record: { ...record, sealEnds }, due: 'import' }
}

/** The ids under which a stateless strategy has imported, or would import, the legacy cookie of a jar; see `revocable.ts`. */
export async function importIds<Data extends object>(
  settings: SessionSettings<Data>,
  jar: CookieJar,
): Promise<{ readonly ids: readonly string[]; readonly life: number }> {
  const opened = settings.legacy.length === 0 ? undefined : await openLegacy(settings, jar)
  if (opened === undefined) return { ids: [], life: 0 }

  const macs = await settings.keys(jar.env).ring.macs('legacy-import', opened.mark)
  const ids = macs.map((mac) => encodeBase64url(mac.subarray(0, 16)))
  return { ids, life: legacyLife(settings, opened.expiresAt) }
}

/** An imported session counts as signed in at an unknown time: `requireFresh` refuses it. */
export function createImportedRecord<Data>(
  settings: SessionSettings<Data>,
  id: string,
  data: Data,
): SessionRecord<Data> {
  const now = Math.floor(settings.clock() / 1000)
  return { id, created: now, seen: now, authenticated: 0, data }
}

/**
 * What is in the legacy cookie that opens and whose data its schema takes. A host beside this one can plant cookies of these
 * names, so several are used only where one of them opens, or all that open belong to the same user.
 */
export async function openLegacy<Data extends object>(
  settings: SessionSettings<Data>,
  jar: CookieJar,
): Promise<OpenedLegacy<Data> | undefined> {
  const found: OpenedLegacy<Data>[] = []
  for (const legacy of settings.legacy) {
    const opened = await openNamed(settings, jar, legacy)
    if (opened !== undefined) found.push(opened)
  }

  const [first, ...others] = found
  if (first === undefined || others.length === 0) return first

  const user = settings.user?.(first.data)
  if (settings.user === undefined || others.every(({ data }) => settings.user?.(data) === user))
    return first
  settings.emit?.({ type: 'session-rejected', reason: 'ambiguous', subject: settings.cookie.name })
  return undefined
}

/** How many cookies of one name are tried: another host of the domain may have planted some. */
const MOST_TRIED = 3

/** Of several cookies of one name the one that opens, if exactly one does; none where the browser guarantees one. */
async function openNamed<Data extends object>(
  settings: SessionSettings<Data>,
  jar: CookieJar,
  legacy: LegacyCookie<Data>,
): Promise<OpenedLegacy<Data> | undefined> {
  const values = [...new Set(jar.read(legacy.name))]
  if (values.length === 0) return undefined

  const many =
    values.length > MOST_TRIED || (values.length > 1 && legacy.name.startsWith('__Host-'))
  const opened = many
    ? []
    : await Promise.all(values.map((value) => openValue(settings, jar, legacy, value)))
  const good = opened.filter((each) => each !== undefined)
  if (good.length === 1) return good[0]

  const reason = many || good.length > 1 ? 'ambiguous' : 'legacy'
  settings.emit?.({ type: 'session-rejected', reason, subject: legacy.name })
  return undefined
}

async function openValue<Data extends object>(
  settings: SessionSettings<Data>,
  jar: CookieJar,
  legacy: LegacyCookie<Data>,
  value: string,
): Promise<OpenedLegacy<Data> | undefined> {
  const found = await legacy.open(value, jar.env, settings.clock())
  const data = found && isObject(found.data) ? await acceptData(settings, found.data) : undefined
  return found === undefined || data === undefined ? undefined : { ...found, data }
}

/** What removes the legacy cookies that this request carried. */
export function expireLegacy<Data>(
  settings: SessionSettings<Data>,
  jar: CookieJar,
): OutgoingCookie[] {
  return settings.legacy.filter(({ name }) => jar.read(name).length > 0).map(({ expire }) => expire)
}

async function acceptData<Data>(
  settings: SessionSettings<Data>,
  data: Data,
): Promise<Data | undefined> {
  try {
    const copy = jsonCopy(data, '')
    if (settings.schema === undefined) return copy
    const result = await passSchema(settings.schema, copy)
    return 'wrong' in result ? undefined : result.data
  } catch {
    return undefined
  }
}
