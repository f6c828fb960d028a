/** Lists the user's other sessions for an upstream: `Portcullis-Sessions`. */
import { encodeBase64url } from '../crypto/index.ts'
import type { SessionHandle } from '../session/index.ts'

/** A page of devices shows no more, and twenty stay below 4 KB of header. */
const maxListed = 20

/** Base64url of a JSON list, the newest first; the session that asks is always among them. */
export async function encodeSessionList(session: SessionHandle<object>): Promise<string> {
  const allSessions = (await session.list()).sort(
    (first, second) => second.createdAt - first.createdAt,
  )
  const listedSessions = allSessions.slice(0, maxListed)
  const current = allSessions.find((listedSession) => listedSession.current)
  if (current !== undefined && !listedSessions.includes(current))
    listedSessions[maxListed - 1] = current
  const sessionList = listedSessions.map(
    ({ id, createdAt, seenAt, expiresAt, bound, current = false }) => {
      return { id, createdAt, seenAt, expiresAt, ...(bound !== undefined && { bound }), current }
    },
  )
  return encodeBase64url(new TextEncoder().encode(JSON.stringify(sessionList)))
}
