/** Cookies of older libraries, read once and then expired: a migration logs nobody out. */

import { encodeBase64url } from '../crypto/base64url.ts'
import type { CookieJar, OutgoingCookie } from '../types.ts'
import { jsonCopy, passSchema } from './data.ts'
import type { Loaded } from './engine.ts'
import type { OpenedLegacy } from './options.ts'
import { isObject, type SessionRecord } from './record.ts'
import type { SessionSettings } from './settings.ts'

/**
 * The session of the first legacy cookie that opens. Its id is an HMAC of the seal's own mark, so that parallel first
 * requests make one session and not several.
 */
export async function importLegacy<Data extends object>(
  settings: SessionSettings<Data>,
  jar: CookieJar,
): Promise<Loaded<Data>> {
  const opened = await openLegacy(settings, jar)
  if (opened === undefined) return { record: undefined }
  const mac = await settings.keys(jar.env).ring.mac('legacy-import', opened.mark)
  const id = encodeBase64url(mac.subarray(0, 16))
  return { record: importedRecord(settings, id, opened.data), due: 'import' }
}

/** An imported session counts as signed in at an unknown time: `requireFresh` refuses it. */
export function importedRecord<Data>(settings: SessionSettings<Data>, id: string, data: Data): SessionRecord<Data> {
  const now = Math.floor(settings.clock() / 1000)
  return { id, created: now, seen: now, authenticated: 0, data }
}

/** What is in the first legacy cookie that opens and whose data its schema takes. */
export async function openLegacy<Data extends object>(
  settings: SessionSettings<Data>,
  jar: CookieJar,
): Promise<OpenedLegacy<Data> | undefined> {
  const nowMs = settings.clock()
  for (const legacy of settings.legacy) {
    const value = jar.read(legacy.name)[0]
    if (value === undefined) continue
    const found = await legacy.open(value, jar.env, nowMs)
    const data = found && isObject(found.data) ? await accepted(settings, found.data) : undefined
    if (found === undefined || data === undefined) {
      settings.emit?.({ type: 'session-rejected', reason: 'legacy', subject: legacy.name })
      continue
    }
    return { ...found, data }
  }
  return undefined
}

/** What removes the legacy cookies that this request carried. */
export function expireLegacy<Data>(settings: SessionSettings<Data>, jar: CookieJar): OutgoingCookie[] {
  return settings.legacy.filter(({ name }) => jar.read(name).length > 0).map(({ expire }) => expire)
}

async function accepted<Data>(settings: SessionSettings<Data>, data: Data): Promise<Data | undefined> {
  try {
    const copy = jsonCopy(data, '')
    if (settings.schema === undefined) return copy
    const result = await passSchema(settings.schema, copy)
    return 'wrong' in result ? undefined : result.data
  } catch {
    return undefined
  }
}
