/**
 * Selects the headers of a client's request that the project behind a guard receives.
 * `pass-through.ts` calls it. Headers that only the platform, the guard or Next may send are
 * removed.
 */
import { connectionOptions, isStrippedRequestHeader } from '../proxy/header-filters.ts'
import type { Platform } from '../request/index.ts'

/** Links and Server Functions need the host, and reading a body needs the coding. */
const neededNames: ReadonlySet<string> = new Set(['host', 'transfer-encoding'])
/** Set by Next itself before it asks the guard where the client sent none, and compared with Origin by Server Functions. */
const forwardedNames: ReadonlySet<string> = new Set([
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
])

/**
 * Headers that each platform overwrites, as it documents; any other header may come from the
 * client.
 */
const vouchedNames = {
  vercel:
    /^(?:x-real-ip|x-forwarded-for|x-vercel-(?:id|forwarded-for|ip-[a-z-]{1,32}|ja4-digest|deployment-url|oidc-token|sc-[a-z-]{1,32}))$/,
  cloudflare: /^cf-(?:connecting-ip|ipcountry|ray|visitor)$/,
} as const

/** Next's own words between its layers; a client has no business to speak them. */
const internal = /^(?:x-nextjs-|x-next-|x-now-|next-resume)/

/**
 * The headers of a client without what only the platform, the guard or Next may say, and without what CGI and its
 * descendants would read as such (`X_Real_IP`).
 */
export function projectHeaders(clientHeaders: Headers, platform: Platform): Headers {
  const connectionNames = connectionOptions(clientHeaders.get('connection'))
  const trustedNames =
    typeof platform === 'string' && platform !== 'none' ? vouchedNames[platform] : undefined
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
