/**
 * Decides whether a request's host is served, whether its Host header is valid, and whether it must
 * be repeated over https. The gateway, `allowHosts()` and `requireHttps()` call it for each
 * request. It throws nothing: hosts that are no plain names are added to the caller's list of
 * issues while building, and a Host header that a URL parser would have to interpret is
 * `malformed`. Without a platform, the headers `CF-Visitor` and `X-Forwarded-Proto` of anybody are
 * believed.
 */
import type { Issues } from '../options/index.ts'
import type { Platform } from './address/address.ts'
import { isNavigation } from './kind.ts'
import { isHttps, isLoopbackHost, readUrlHost } from './origin.ts'
import type { ReadableHeaders } from './request-head.ts'

/** Reports whether a host, as {@link readUrlHost} returns it, is in a list. */
export type IsKnownHost = (host: string) => boolean

/**
 * Validates a list of hosts: `www.example.com` (the default port of the scheme), `localhost:8080`,
 * `[::1]:3000`, or `127.0.0.1:*` for any port. Patterns of names are not allowed, because anybody
 * who can create a name below one would be accepted.
 */
export function compileKnownHosts(optionValue: unknown, issues: Issues): IsKnownHost {
  if (!Array.isArray(optionValue)) {
    issues.add('', "must be a list of hosts, such as ['www.example.com']")
    return () => false
  }

  const exact = new Set<string>()
  const anyPort = new Set<string>()

  for (const [index, host] of optionValue.entries()) {
    const isAnyPort = typeof host === 'string' && host.endsWith(':*')
    const name = isAnyPort ? host.slice(0, -2) : host
    const urlHost = typeof name === 'string' ? readUrlHost(`https://${name}`) : ''

    // A name with a port must not also have `:*`, as in `a:1:*`.
    const isValid =
      urlHost !== '' &&
      urlHost === name &&
      readUrlHost(`http://${name}`) === name &&
      !(isAnyPort && hostName(name) !== name)

    if (!isValid)
      issues.add(
        `${index}`,
        'must be a host such as www.example.com, localhost:8080 or 127.0.0.1:*',
      )
    else (isAnyPort ? anyPort : exact).add(name)
  }

  return (host) => exact.has(host) || (anyPort.size > 0 && anyPort.has(hostName(host)))
}

/** The parts of a request that tell how the client connected. */
export interface IncomingRequest {
  readonly url: string
  readonly method: string
  readonly headers: ReadableHeaders
}

/** The decision about a request's scheme. `redirect` says whether it may be redirected to https. */
export type HttpsVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: 'https-required'; readonly redirect: boolean }

const allowed: HttpsVerdict = { ok: true }

/**
 * Reports whether the client connected over https, which the platform in front knows: behind a
 * proxy that terminates TLS, the request's own URL begins with http. Cloudflare sends `CF-Visitor`
 * (used where the URL has http: a tunnel, or a service in between). Vercel and counted proxies send
 * `X-Forwarded-Proto`, of which the entry of your outermost proxy counts. With `'none'` the URL
 * decides. Without a platform, either header is believed: a client that lies gains nothing, and a
 * missing option would otherwise redirect users in a loop.
 */
export function arrivedOverHttps(
  { url, headers }: Pick<IncomingRequest, 'url' | 'headers'>,
  platform?: Platform,
): boolean {
  if (isHttps(url)) return true
  if (platform === 'none') return false

  if (platform === 'cloudflare' || platform === undefined) {
    if (headers.get('cf-visitor')?.includes('"scheme":"https"') === true) return true
    if (platform === 'cloudflare') return false
  }

  const forwardedProto = headers.get('x-forwarded-proto')
  if (forwardedProto === null) return false

  const hops = typeof platform === 'object' ? platform.hops : 1
  // Most proxies overwrite the header, so a list that is shorter than the number of proxies is
  // complete.
  const entries = forwardedProto.split(',')

  return (entries[Math.max(0, entries.length - hops)] ?? '').trim().toLowerCase() === 'https'
}

/**
 * Decides whether a request is allowed without https, which is only so for names of this machine.
 * `redirect` is true for a page that a user asked for. A program gets no redirect: it would not
 * notice, and would send its credentials unencrypted with every call (RFC 9110 section 17.9).
 */
export function checkHttps(request: IncomingRequest, platform?: Platform): HttpsVerdict {
  if (arrivedOverHttps(request, platform) || isLoopbackHost(readUrlHost(request.url)))
    return allowed

  const { method } = request
  const redirect = (method === 'GET' || method === 'HEAD') && isNavigation(request)

  return { ok: false, reason: 'https-required', redirect }
}

function hostName(host: string): string {
  const colon = host.lastIndexOf(':')
  return colon > host.lastIndexOf(']') ? host.slice(0, colon) : host
}

/** The Host header of a request: a host, nothing, or an invalid value. */
export type AskedHost =
  | { readonly type: 'host'; readonly host: string }
  | { readonly type: 'none' | 'malformed' }

/**
 * Reads the Host header. A value that a URL parser would have to interpret is malformed:
 * `evil.test/` would be the host `evil.test` and the path `/`.
 *
 * @see RFC 9112 section 3.2: a server responds with 400 to an invalid Host.
 */
export function readHost(headers: ReadableHeaders): AskedHost {
  const text = headers.get('host')
  if (text === null || text === '') return { type: 'none' }

  // Both schemes are tried, because each removes its own default port.
  const isValid =
    text === hostWithPort(text) &&
    ['http', 'https'].some((scheme) => isSameHost(`${scheme}://${text}/`))
  return isValid ? { type: 'host', host: text } : { type: 'malformed' }
}

function hostWithPort(text: string): string {
  return /[/?#\\@]/.test(text) ? '' : text
}

function isSameHost(url: string): boolean {
  const host = readUrlHost(url)
  return host !== '' && URL.canParse(url) && new URL(url).host === host
}
