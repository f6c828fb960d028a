/**
 * Decides what of a login's request its upstream receives: nothing by which a response could look
 * like a success without a password. The gateway's throttle calls it. It is pure; a cookie or page
 * that it does not know is treated as unrelated.
 */
import { foldPath } from '../../request/index.ts'

/** Names of pages to which servers send a failed login. */
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
 * Whether a path leads to a login: one of these, whatever is in front of it (`/fr/login`) or behind it (`/login.html`,
 * `/login/failed`), or a page that is called like a login page anywhere.
 */
export function isLoginPage(requestPath: string, logins: readonly string[]): boolean {
  const asked = foldPath(requestPath)
  const last = lastSegment(asked)

  return (
    loginPages.has(last) ||
    logins.some((login) => {
      const own = foldPath(login)
      if (
        asked === own ||
        asked.startsWith(`${own}.`) ||
        (own !== '/' && asked.startsWith(`${own}/`))
      )
        return true

      return last !== '' && last === lastSegment(own)
    })
  )
}

function lastSegment(requestPath: string): string {
  return requestPath.slice(requestPath.lastIndexOf('/') + 1)
}

/** Whether a name is the one that is wanted; with `*` at the end or the beginning, whether it begins or ends so. */
export function matchesName(wanted: string, name: string): boolean {
  if (wanted.endsWith('*')) return name.startsWith(wanted.slice(0, -1))
  return wanted.startsWith('*') ? name.endsWith(wanted.slice(1)) : name === wanted
}

/**
 * A Cookie header without the cookies of some names, in any spelling that a server reads as theirs: PHP decodes names and
 * writes `_` for dots. null where none is left.
 */
export function withholdCookies(
  header: string | null,
  isWithheld: (name: string) => boolean,
): string | null {
  if (header === null) return null

  const kept = header
    .split(';')
    .filter((part) => !part.split(',').some((pair) => listSpellings(pair).some(isWithheld)))
  const joined = kept.join(';').trim()

  return joined === '' ? null : joined
}

function listSpellings(pair: string): string[] {
  const name = (pair.split('=', 1)[0] ?? '').trim()
  const decoded = name.replace(/%([0-9a-f]{2})/gi, (_all, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  )
  const [known = ''] = decoded.replace(/[. +]/g, '_').split(/[\0[]/, 1)

  return [name, decoded, known]
}

/**
 * The Referer for an origin that redirects a failure to where the request came from (`url()->previous()` of Laravel,
 * `res.redirect('back')` of Express): a login page, where the client's own Referer is one, or else the address that was
 * asked.
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
