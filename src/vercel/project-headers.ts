/**
 * Selects the headers of a client's request that the project behind a guard receives. `pass-through.ts` calls it for
 * each request that is passed. Headers that only the platform, the guard or Next may set are removed silently, and so
 * are names that a server could read as such (`X_Real_IP`). It does not throw.
 */
import { connectionOptions, isStrippedRequestHeader } from '../proxy/header-filters.ts'
import type { Platform } from '../request/index.ts'

/**
 * Headers that are always kept: links and Server Functions need `host`, and reading a body needs `transfer-encoding`.
 */
const neededNames: ReadonlySet<string> = new Set(['host', 'transfer-encoding'])
/**
 * Headers that Next sets before it calls the guard if the client sent none. Server Functions compare them with Origin.
 */
const forwardedNames: ReadonlySet<string> = new Set([
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
])

/**
 * Headers that each platform overwrites, as it documents, so that they are trusted. Any other header may come from the
 * client.
 */
const platformNames = {
  vercel:
    /^(?:x-real-ip|x-forwarded-for|x-vercel-(?:id|forwarded-for|ip-[a-z-]{1,32}|ja4-digest|deployment-url|oidc-token|sc-[a-z-]{1,32}))$/,
  cloudflare: /^cf-(?:connecting-ip|ipcountry|ray|visitor)$/,
} as const

/** Headers that Next uses between its own layers. A client must not set them. */
const internal = /^(?:x-nextjs-|x-next-|x-now-|next-resume)/

/**
 * Returns the headers of a client without those that only the platform, the guard or Next may set, and without names
 * that CGI and similar interfaces would read as such (`X_Real_IP`).
 */
export function projectHeaders(clientHeaders: Headers, platform: Platform): Headers {
  const connectionNames = connectionOptions(clientHeaders.get('connection'))
  const trustedNames =
    typeof platform === 'string' && platform !== 'none' ? platformNames[platform] : undefined
  const headers = new Headers()
  clientHeaders.forEach((headerValue, headerName) => {
    if (
      neededNames.has(headerName) ||
      forwardedNames.has(headerName) ||
      trustedNames?.test(headerName)
    )
      headers.set(headerName, headerValue)
    else if (
      !isStrippedRequestHeader(headerName) &&
      !internal.test(headerName) &&
      connectionNames?.has(headerName) !== true
    )
      headers.set(headerName, headerValue)
  })

  return headers
}
