/**
 * Reads `Secure-Session-Skipped`, in which a browser says why a refresh did not happen.
 * `enforce.ts` calls it. It is the client's word: it may make a response more precise, never a
 * check weaker.
 */

const reasons = ['unreachable', 'server_error', 'quota_exceeded'] as const

/** Why a browser sent a request without its proof. */
export type SkipReason = (typeof reasons)[number]

/** Characters of the header that are looked at. */
const maxLength = 2048

/**
 * Why the refresh of a session was skipped, as the browser says; undefined where the header names
 * another session. It is the client's word: it may make an answer more precise, never a check
 * weaker.
 */
export function readSkipped(
  header: string | null | undefined,
  sid: string,
): SkipReason | undefined {
  const entries = (header ?? '').slice(0, maxLength).split(',')
  const mine = entries.find((entry) => sid !== '' && entry.includes(`session_identifier="${sid}"`))
  const word = mine?.split(';', 1)[0]?.trim()
  return reasons.find((reason) => reason === word)
}
