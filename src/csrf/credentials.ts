/** Whether a request carries what a browser adds on its own: only then can another site borrow it. */

/** Schemes that browsers repeat without being asked. Nobody else's page can make them send a Bearer token. */
const ambientScheme = /^(?:basic|digest|negotiate|ntlm)(?![\w-])/i

/**
 * Whether there are ambient credentials: one of the named cookies (any cookie without names), or an Authorization that
 * browsers repeat. A name counts wherever it stands in the header, since one cookie too many is only asked for more.
 * Client certificates are no header: where they sign in, `missing` must be `'deny'`.
 */
export function hasAmbientCredentials(
  headers: Headers,
  cookieNames: readonly string[] | undefined,
): boolean {
  const cookie = headers.get('cookie')
  if (
    cookie !== null &&
    (cookieNames === undefined || cookieNames.some((name) => cookie.includes(name)))
  )
    return true

  const authorization = headers.get('authorization')
  return authorization !== null && ambientScheme.test(authorization)
}
