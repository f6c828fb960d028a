/** Which headers of a client's request the project behind a guard sees. */
import { connectionOptions, isStrippedRequestHeader } from '../proxy/header-filters.ts'
import type { Platform } from '../request/index.ts'

/** Without the host no link and no Server Function works, and without the coding nobody reads a body. */
const needed: ReadonlySet<string> = new Set(['host', 'transfer-encoding'])
/** Set by Next itself before it asks the guard where the client sent none, and compared with Origin by Server Functions. */
const forwarded: ReadonlySet<string> = new Set([
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
])

/**
 * Headers that each platform overwrites, as it documents; any other header may come from the
 * client.
 */
const vouched = {
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
export function projectHeaders(client: Headers, platform: Platform): Headers {
  const listed = connectionOptions(client.get('connection'))
  const trusted =
    typeof platform === 'string' && platform !== 'none' ? vouched[platform] : undefined
  const headers = new Headers()
  client.forEach((value, name) => {
    if (needed.has(name) || forwarded.has(name) || trusted?.test(name)) headers.set(name, value)
    else if (!isStrippedRequestHeader(name) && !internal.test(name) && listed?.has(name) !== true)
      headers.set(name, value)
  })
  return headers
}
