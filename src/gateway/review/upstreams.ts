/**
 * Reviews the addresses of upstreams: a private address is seldom the same machine from where a
 * gateway is deployed. `review.ts` calls it. It returns faults and remarks, and resolves no names.
 */
import { inRanges, isLoopbackHost, parseRange, readUrlHost } from '../../request/index.ts'
import type { GatewayConfig } from '../config.ts'

/** RFC 1918, 6598, 3927, 1122; RFC 4193, 4291. */
const privateRanges = [
  ...[
    '10.0.0.0/8',
    '172.16.0.0/12',
    '192.168.0.0/16',
    '100.64.0.0/10',
    '169.254.0.0/16',
    '127.0.0.0/8',
    '0.0.0.0/8',
  ],
  ...['fc00::/7', 'fe80::/10', '::1', '::'],
  // The same by NAT64 (RFC 6052), its prefix for local use (RFC 8215) and 6to4 (RFC 3056).
  ...[
    '64:ff9b::a00:0/104',
    '64:ff9b::ac10:0/108',
    '64:ff9b::c0a8:0/112',
    '64:ff9b::6440:0/106',
    '64:ff9b::a9fe:0/112',
  ],
  ...[
    '64:ff9b::7f00:0/104',
    '64:ff9b::/104',
    '64:ff9b:1::/48',
    '2002:a00::/24',
    '2002:ac10::/28',
    '2002:c0a8::/32',
  ],
  ...['2002:7f00::/24', '2002:a9fe::/32'],
]

/** Faults and remarks on the option `upstreams`. */
export function reviewUpstreams(
  config: GatewayConfig<string, never, never>,
  env: object,
): { faults: string[]; remarks: string[] } {
  const [problems, remarks]: [string[], string[]] = [[], []]
  const visible = knownValue(config.publicOrigin, env)
  const isLoopback = visible !== undefined && isLoopbackHost(readUrlHost(visible))
  for (const [upstreamName, { url: urlOption, insecurePrivateAddress }] of Object.entries(
    config.upstreams,
  )) {
    if (!config.routes.some((route) => route.to === upstreamName))
      remarks.push(`upstreams.${upstreamName} is used by no route.`)

    // A binding or an app has no address that another server could have.
    if (urlOption === undefined) continue
    const foundUrl = knownValue(urlOption, env)
    if (foundUrl === undefined || !URL.canParse(foundUrl)) {
      remarks.push(
        `upstreams.${upstreamName}.url is not known here, so its address was not checked.`,
      )
      continue
    }

    const { hostname } = new URL(foundUrl)
    if (insecurePrivateAddress || !isPrivate(hostname) || (isLoopback && isLoopbackHost(hostname)))
      continue

    problems.push(
      `upstreams.${upstreamName}.url is a private address, ` +
        'which from another machine is another machine; ' +
        'if that is intended, set insecurePrivateAddress: true',
    )
  }

  return { faults: problems, remarks }
}

function isPrivate(hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, '')
  if (
    inRanges(
      privateRanges.flatMap((privateRange) => parseRange(privateRange) ?? []),
      address,
    )
  )
    return true

  const hostName = hostname.replace(/\.$/, '')

  // A name of one label is found by who shares the network: `http://app:3000`.
  return (
    (!hostName.includes('.') && !hostName.includes(':')) ||
    /\.(?:localhost|local|internal|home\.arpa)$/.test(hostName)
  )
}

/** A value that does not hang on a secret. */
function knownValue(input: unknown, env: object): string | undefined {
  try {
    const resolvedUrl: unknown = typeof input === 'function' ? input({ env }) : input
    return typeof resolvedUrl === 'string' ? resolvedUrl : undefined
  } catch {
    return undefined
  }
}
