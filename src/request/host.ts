/**
 * Decides which names a server answers for, and which requests must be repeated over https. The
 * gateway and `allowHosts()` call it for each request. A host that a URL parser would have to
 * interpret is malformed; wrong options are reported as issues.
 */
import type { Issues } from '../options/index.ts'
import type { Platform } from './address/address.ts'
import { isNavigation } from './kind.ts'
import { isHttps, isLoopbackHost, readUrlHost } from './origin.ts'
import type { ReadableHeaders } from './request-head.ts'

/** Whether a host (as {@link hostOf} has it) is one of a list. */
export type IsKnownHost = (host: string) => boolean

/**
 * Judges a list of hosts: `www.example.com` (the scheme's own port), `localhost:8080`, `[::1]:3000`, or `127.0.0.1:*` for
 * any port. Whole names only: with a pattern, whoever gets a name below it made is let in.
 */
export function compileKnownHosts(optionValue: unknown, issues: Issues): IsKnownHost {
  if (!Array.isArray(optionValue)) {
    issues.add('', 'must be a list of hosts')
    return () => false
  }

  const exact = new Set<string>()
  const anyPort = new Set<string>()

  for (const [index, host] of optionValue.entries()) {
    const open = typeof host === 'string' && host.endsWith(':*')
    const name = open ? host.slice(0, -2) : host
    const known = typeof name === 'string' ? readUrlHost(`https://${name}`) : ''

    // Without its port a name with one would be another: `a:1:*`.
    const good =
      known !== '' &&
      known === name &&
      readUrlHost(`http://${name}`) === name &&
      !(open && hostName(name) !== name)

    if (!good)
      issues.add(
        `${index}`,
        'must be a host such as www.example.com, localhost:8080 or 127.0.0.1:*',
      )
    else (open ? anyPort : exact).add(name)
  }

  return (host) => exact.has(host) || (anyPort.size > 0 && anyPort.has(hostName(host)))
}

/** The parts of a request that say how the client connected. */
export interface IncomingRequest {
  readonly url: string
  readonly method: string
  readonly headers: ReadableHeaders
}

/** Whether a request may go on; if not, whether it may be sent to the same place over https. */
export type HttpsVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: 'https-required'; readonly redirect: boolean }

const passed: HttpsVerdict = { ok: true }

/**
 * Whether a request came over https, by the word of the platform in front; behind a proxy that ends TLS the request's own
 * url says http. Cloudflare: `CF-Visitor` where the url says http (a tunnel, a service in between). Vercel and counted
 * proxies: `X-Forwarded-Proto`, the entry of the outermost proxy of ours. `'none'`: the url. Without a platform either
 * header does: who lies about this is sent nowhere and harms nobody else, and whoever forgot to name a proxy would send
 * visitors round in circles.
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

  const said = headers.get('x-forwarded-proto')
  if (said === null) return false

  const hops = typeof platform === 'object' ? platform.hops : 1
  // Most proxies overwrite the header, so that a list shorter than the proxies is whole.
  const entries = said.split(',')

  return (entries[Math.max(0, entries.length - hops)] ?? '').trim().toLowerCase() === 'https'
}

/**
 * Whether a request may go on without https: never but on this machine's own names. `redirect` says that it may be sent to
 * the https origin: a page that a person asked for. A program gets no redirect, or its credentials would go out in the
 * clear with every call, unnoticed (RFC 9110 section 17.9).
 */
export function checkHttps(request: IncomingRequest, platform?: Platform): HttpsVerdict {
  if (arrivedOverHttps(request, platform) || isLoopbackHost(readUrlHost(request.url))) return passed

  const { method } = request
  const redirect = (method === 'GET' || method === 'HEAD') && isNavigation(request)

  return { ok: false, reason: 'https-required', redirect }
}

function hostName(host: string): string {
  const colon = host.lastIndexOf(':')
  return colon > host.lastIndexOf(']') ? host.slice(0, colon) : host
}

/** The Host header of a request: a host, nothing, or a value that no client may send. */
export type AskedHost =
  | { readonly type: 'host'; readonly host: string }
  | { readonly type: 'none' | 'malformed' }

/**
 * Reads the Host header. Whatever a URL parser would have to interpret is malformed: `evil.test/` names the host
 * `evil.test` and the path `/`.
 *
 * @see RFC 9112 section 3.2: a server answers 400 to an invalid Host.
 */
export function readHost(headers: ReadableHeaders): AskedHost {
  const text = headers.get('host')
  if (text === null || text === '') return { type: 'none' }

  // Over http and https, since each drops its own port.
  const known =
    text === hostWithPort(text) &&
    ['http', 'https'].some((scheme) => isSameHost(`${scheme}://${text}/`))
  return known ? { type: 'host', host: text } : { type: 'malformed' }
}

function hostWithPort(text: string): string {
  return /[/?#\\@]/.test(text) ? '' : text
}

function isSameHost(url: string): boolean {
  const host = readUrlHost(url)
  return host !== '' && URL.canParse(url) && new URL(url).host === host
}
