/**
 * Detects ambient credentials, which browsers add on their own: only these can be abused by
 * another site. `compiled.ts` calls it for requests that say nothing about their origin. A false
 * match makes the check stricter, never weaker.
 */

/** Authorization schemes that browsers repeat on their own. Another site's page cannot make them send a Bearer token. */
const ambientScheme = /^(?:basic|digest|negotiate|ntlm)(?![\w-])/i

/**
 * Whether a request has ambient credentials: one of the named cookies (without names any cookie), or an Authorization that
 * browsers repeat. A name matches anywhere in the header: a false match only makes the check stricter. Client certificates
 * are not visible here; where they sign users in, set `missing: 'deny'`.
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
