/**
 * Detects ambient credentials: cookies and Authorization headers that a browser adds by itself, so that another
 * site can abuse them. `compiled.ts` calls it for requests without any header about their origin, to decide
 * whether they may be allowed. It does not throw. A false match makes the check stricter, never weaker. Client
 * certificates are not visible here.
 */

/**
 * Authorization schemes that browsers send again by themselves. A page of another site cannot make them send a Bearer
 * token.
 */
const ambientScheme = /^(?:basic|digest|negotiate|ntlm)(?![\w-])/i

/**
 * Whether a request has ambient credentials: one of the named cookies (any cookie, if no names are given), or an
 * Authorization header that browsers send again. A name is found anywhere in the header, since a false match only makes
 * the check stricter. If client certificates sign users in, set `missing: 'deny'`.
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
