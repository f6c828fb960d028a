/**
 * Removes from a login's request everything that could make the upstream's response look like a
 * success without a password: cookies that identify a user, and a Referer to another page than a
 * login page. The gateway's login throttle calls it before forwarding, and `success.ts` uses its
 * comparison of names and login pages. It is pure and throws nothing. It works by lists of names: a
 * cookie that is not withheld by the route's preset, or a login page of an unusual name outside of
 * the route, is not recognized.
 */
import { foldPath } from '../../request/index.ts'

/** The last path segments of pages to which servers redirect a failed login. */
const loginPages: ReadonlySet<string> = new Set([
  ...[
    'login',
    'log-in',
    'log_in',
    'signin',
    'sign-in',
    'sign_in',
    'wp-login.php',
    'logon',
    'authenticate',
  ],
])

/**
 * Reports whether a path is a login page: its last segment is a usual name of one (`/fr/login`), or
 * it is one of `logins`, with or without something behind it (`/login.html`, `/login/failed`), or
 * its last segment is that of one of `logins`.
 */
export function isLoginPage(requestPath: string, logins: readonly string[]): boolean {
  const path = foldPath(requestPath)
  const segment = lastSegment(path)

  return (
    loginPages.has(segment) ||
    logins.some((login) => {
      const loginPath = foldPath(login)
      if (
        path === loginPath ||
        path.startsWith(`${loginPath}.`) ||
        (loginPath !== '/' && path.startsWith(`${loginPath}/`))
      )
        return true

      return segment !== '' && segment === lastSegment(loginPath)
    })
  )
}

function lastSegment(requestPath: string): string {
  return requestPath.slice(requestPath.lastIndexOf('/') + 1)
}

/**
 * Reports whether a name matches a pattern: it is equal, or begins or ends with the pattern's text
 * where that has a `*` at its end or beginning.
 */
export function matchesName(pattern: string, name: string): boolean {
  if (pattern.endsWith('*')) return name.startsWith(pattern.slice(0, -1))
  return pattern.startsWith('*') ? name.endsWith(pattern.slice(1)) : name === pattern
}

/**
 * Returns a Cookie header without the withheld cookies, in any spelling that a server reads as
 * their name: PHP decodes names and writes `_` for dots. Returns null where no cookie is left.
 */
export function withholdCookies(
  header: string | null,
  isWithheld: (name: string) => boolean,
): string | null {
  if (header === null) return null

  const remaining = header
    .split(';')
    .filter((part) => !part.split(',').some((pair) => listSpellings(pair).some(isWithheld)))
  const cookies = remaining.join(';').trim()

  return cookies === '' ? null : cookies
}

function listSpellings(pair: string): string[] {
  const name = (pair.split('=', 1)[0] ?? '').trim()
  const decodedName = name.replace(/%([0-9a-f]{2})/gi, (_all, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  )
  const [phpName = ''] = decodedName.replace(/[. +]/g, '_').split(/[\0[]/, 1)

  return [name, decodedName, phpName]
}

/**
 * Returns the Referer to send to an upstream that redirects a failure to where the request came
 * from (`url()->previous()` of Laravel, `res.redirect('back')` of Express): the client's own
 * Referer if it is a login page, and otherwise the address of the request.
 */
export function refererFor(
  value: string | null,
  {
    publicOrigin,
    path,
    routePath,
  }: { readonly publicOrigin: string; readonly path: string; readonly routePath: string },
): string {
  if (value !== null && URL.canParse(value)) {
    const { origin, pathname } = new URL(value)
    if (origin === publicOrigin && isLoginPage(pathname, [path, routePath])) return value
  }
  return `${publicOrigin}${path}`
}
