/**
 * Lists the user's sessions for an upstream (`Portcullis-Sessions`). `forward.ts` calls it where
 * the route grants it. It rejects as the list of the session's store does.
 */
import { encodeBase64url } from '../crypto/index.ts'
import type { SessionHandle, SessionInfo } from '../session/index.ts'

/** A page of devices shows no more. Servers take headers of 8 KB, and 3 KB of JSON are 4 KB of base64url. */
const maxListed = 20
const maxJsonBytes = 3072

const encoder = new TextEncoder()

/** Returns base64url of a JSON list, the newest session first. The session that asks is always in it. */
export async function encodeSessionList(session: SessionHandle<object>): Promise<string> {
  const newestFirst = (await session.list()).sort((a, b) => b.createdAt - a.createdAt)
  const current = newestFirst.find((info) => info.current)

  let bytesLeft = maxJsonBytes - 2 - (current === undefined ? 0 : encodeInfo(current).length)
  let placesLeft = current === undefined ? maxListed : maxListed - 1
  const jsonItems: string[] = []
  for (const info of newestFirst) {
    const json = encodeInfo(info)
    if (info !== current) {
      // Names of browsers are ASCII, and so is everything else in it.
      bytesLeft -= json.length + 1
      if (placesLeft-- <= 0 || bytesLeft < 0) continue
    }

    jsonItems.push(json)
  }

  return encodeBase64url(encoder.encode(`[${jsonItems.join(',')}]`))
}

function encodeInfo(info: SessionInfo): string {
  const { id, createdAt, seenAt, expiresAt, bound, client, current = false } = info
  // JSON leaves out what is undefined.
  return JSON.stringify({ id, createdAt, seenAt, expiresAt, bound, client, current })
}
