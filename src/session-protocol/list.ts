/**
 * Encodes the list of the user's sessions for an upstream (the request header `Portcullis-Sessions`).
 * `proxy/forward/forward.ts` calls it if the route grants `list`. It rejects as the session store does. Of more than
 * 20 sessions, or more than 3 KB, the oldest are left out without notice; the current session is always in the list.
 */
import { encodeBase64url } from '../crypto/index.ts'
import type { SessionHandle, SessionInfo } from '../session/index.ts'

/** Maximum number of sessions in the list, which is enough for a page of devices. */
const maxListed = 20
/** Maximum bytes of JSON. Servers accept headers of 8 KB, and 3 KB of JSON are 4 KB of base64url. */
const maxJsonBytes = 3072

const encoder = new TextEncoder()

/** Returns base64url of a JSON list, with the newest session first. The session of the request is always in it. */
export async function encodeSessionList(session: SessionHandle<object>): Promise<string> {
  const newestFirst = (await session.list()).sort((a, b) => b.createdAt - a.createdAt)
  const current = newestFirst.find((info) => info.current)

  let bytesLeft = maxJsonBytes - 2 - (current === undefined ? 0 : encodeInfo(current).length)
  let placesLeft = current === undefined ? maxListed : maxListed - 1
  const jsonItems: string[] = []
  for (const info of newestFirst) {
    const json = encodeInfo(info)
    if (info !== current) {
      // All members are ASCII, names of browsers too, so characters are bytes.
      bytesLeft -= json.length + 1
      if (placesLeft-- <= 0 || bytesLeft < 0) continue
    }

    jsonItems.push(json)
  }

  return encodeBase64url(encoder.encode(`[${jsonItems.join(',')}]`))
}

function encodeInfo(info: SessionInfo): string {
  const { id, createdAt, seenAt, expiresAt, bound, client, current = false } = info
  // JSON.stringify omits members that are undefined.
  return JSON.stringify({ id, createdAt, seenAt, expiresAt, bound, client, current })
}
