/** Lists the user's other sessions for an upstream: `Portcullis-Sessions`. */
import { encodeBase64url } from '../crypto/index.ts'
import type { SessionHandle } from '../session/index.ts'

/** A page of devices shows no more, and twenty stay below 4 KB of header. */
const maxListed = 20

/** Base64url of a JSON list, the newest first; the session that asks is always among them. */
export async function encodeSessionList(session: SessionHandle<object>): Promise<string> {
  const all = (await session.list()).sort((a, b) => b.createdAt - a.createdAt)
  const told = all.slice(0, maxListed)
  const current = all.find((each) => each.current)
  if (current !== undefined && !told.includes(current)) told[maxListed - 1] = current
  const json = told.map(({ id, createdAt, seenAt, expiresAt, bound, current = false }) => {
    return { id, createdAt, seenAt, expiresAt, ...(bound !== undefined && { bound }), current }
  })
  return encodeBase64url(new TextEncoder().encode(JSON.stringify(json)))
}
