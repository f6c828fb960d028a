/** Names of headers that stop at the gateway, in each direction. */

// RFC 9110 section 7.6.1, and what older proxies call so. `proxy-*` is below.
const hopByHop = ['connection', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'http2-settings']

const stopped: ReadonlySet<string> = new Set([
  ...hopByHop,
  'expect',
  // Chosen by the upstream's URL; some runtimes would send what the client said.
  'host',
  // Where a request came from and what it asked for, as some proxy may have said. Only the gateway says so here.
  'forwarded',
  'client-ip',
  'true-client-ip',
  'fastly-client-ip',
  'front-end-https',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-real-ip',
  'x-proxyuser-ip',
  'x-azure-clientip',
  'x-azure-socketip',
  'x-host',
  'x-scheme',
  'x-url-scheme',
  'x-rewrite-url',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-method',
  'x-http-host-override',
  'x-http-path-override',
  'x-http-destinationurl',
  'x-matched-path',
  'x-webauth-user',
  'x-webauth-email',
  // Anybody's word on anything, in the traces of every server it reaches. A monitor that is told to passes it on.
  'baggage',
  // Rack looks for files where these say so (CVE-2025-61780).
  'x-sendfile-type',
  'x-accel-mapping',
  // Next takes the nonce of its scripts from them.
  'content-security-policy',
  'content-security-policy-report-only',
  'x-nonce',
])

/** By first letter, so that a common header is compared with one or two beginnings. */
const beginnings: ReadonlyMap<number, readonly string[]> = byLetter([
  'portcullis',
  'proxy', // with `proxy` itself, which CGI would read as HTTP_PROXY
  'cf-',
  'remote-',
  'ssl-client-',
  'wl-proxy-',
  'x-forwarded',
  'x-original-',
  'x-originating-',
  'x-remote-',
  'x-auth-request-',
  'x-authenticated-',
  'x-consumer-',
  'x-pomerium-',
  'x-vercel-',
  'x-middleware-',
  'x-invoke-',
  'x-ssl-',
  'x-client-cert',
  'x-envoy-',
  'x-arr-',
  'x-appengine-',
  'x-goog-iap-',
  'x-goog-authenticated-',
  'x-ms-client-principal',
  'x-amzn-oidc-',
])

// In lower case. Not a word boundary: `_` is one of those it is about.
const unusual = /[^a-z\d-]/

/**
 * Whether a request header of the client stops here. Every name does that holds more than letters, digits and hyphens: CGI,
 * WSGI and many more read `X_Real_IP` and `X-Real-IP` as one variable, lighttpd `X.Real.IP` too. nginx drops such headers.
 *
 * @param name - in lower case, as Headers iterates them.
 */
export function stopsAtGateway(name: string): boolean {
  if (stopped.has(name) || unusual.test(name)) return true
  const candidates = beginnings.get(name.charCodeAt(0))
  if (candidates === undefined) return false
  for (const beginning of candidates) if (name.startsWith(beginning)) return true
  return false
}

const hops: ReadonlySet<string> = new Set([
  ...hopByHop,
  'proxy-connection',
  'proxy-authenticate',
  'proxy-status',
  // How long a look-up took tells whether there was something to find.
  'server-timing',
])

/** Whether a response header of the upstream stops here: hop-by-hop, its timings, and every name this gateway speaks itself. */
export function stopsOnTheWayBack(name: string): boolean {
  return hops.has(name) || name.startsWith('portcullis')
}

/** Names a Connection header lists (RFC 9110 section 7.6.1), in lower case. */
export function listedBy(connection: string | null): ReadonlySet<string> | undefined {
  if (connection === null) return undefined
  return new Set(connection.split(',').map((name) => name.trim().toLowerCase()))
}

function byLetter(names: readonly string[]): Map<number, string[]> {
  const letters = new Map<number, string[]>()
  for (const name of names) {
    const letter = name.charCodeAt(0)
    letters.set(letter, [...(letters.get(letter) ?? []), name])
  }
  return letters
}
