/**
 * Reads the header `Secure-Session-Skipped`, in which a browser says why it sent a request without a refresh.
 * `enforce.ts` calls it for a request without a valid bound cookie.
 *
 * The header is a claim of the client: it may make an event or a response more precise, and no check
 * weaker. Only the first 2048 characters are read; another form, or another session, gives undefined.
 */

const reasons = ['unreachable', 'server_error', 'quota_exceeded'] as const

/** The reason why a browser sent a request without a refresh. */
export type SkipReason = (typeof reasons)[number]

/** Most characters of the header that are read. */
const maxLength = 2048

/**
 * Reads the reason for which the browser skipped the refresh of a session; undefined if the header
 * names another session.
 */
export function readSkipped(
  header: string | null | undefined,
  sid: string,
): SkipReason | undefined {
  const entries = (header ?? '').slice(0, maxLength).split(',')
  const ownEntry = entries.find(
    (entry) => sid !== '' && entry.includes(`session_identifier="${sid}"`),
  )
  const value = ownEntry?.split(';', 1)[0]?.trim()
  return reasons.find((reason) => reason === value)
}
