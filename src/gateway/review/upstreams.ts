/**
 * Reviews the addresses of upstreams. An address in a private network or of this machine often means
 * another machine where the gateway is deployed, so it is a fault. `review.ts` calls it. It resolves no
 * names and throws nothing: a public name that resolves to a private address is not found, and an address
 * that cannot be read here gives a remark.
 */
import { inRanges, isLoopbackHost, parseRange, readUrlHost } from '../../request/index.ts'
import type { GatewayConfig } from '../config.ts'

/** Private, shared, link-local and loopback ranges (RFC 1918, 6598, 3927, 1122; RFC 4193, 4291). */
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
  // The same IPv4 ranges as IPv6 addresses of NAT64 (RFC 6052), of its local prefix (RFC 8215), and of 6to4 (RFC 3056).
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

/** Lists faults and remarks about the option `upstreams`. */
export function reviewUpstreams(
  config: GatewayConfig<string, never, never>,
  env: object,
): { faults: string[]; remarks: string[] } {
  const [faults, remarks]: [string[], string[]] = [[], []]
  const publicOrigin = readKnownValue(config.publicOrigin, env)
  const isLoopback = publicOrigin !== undefined && isLoopbackHost(readUrlHost(publicOrigin))
  for (const [upstreamName, { url: urlOption, insecurePrivateAddress }] of Object.entries(
    config.upstreams,
  )) {
    if (!config.routes.some((route) => route.to === upstreamName))
      remarks.push(`upstreams.${upstreamName} is used by no route.`)

    // A binding or an app has no network address.
    if (urlOption === undefined) continue
    const upstreamUrl = readKnownValue(urlOption, env)
    if (upstreamUrl === undefined || !URL.canParse(upstreamUrl)) {
      remarks.push(
        `upstreams.${upstreamName}.url is not known here, so its address was not checked.`,
      )
      continue
    }

    const { hostname } = new URL(upstreamUrl)
    if (insecurePrivateAddress || !isPrivate(hostname) || (isLoopback && isLoopbackHost(hostname)))
      continue

    faults.push(
      `upstreams.${upstreamName}.url is a private address, ` +
        'which may be another machine where the gateway is deployed; ' +
        'use a public address, or set insecurePrivateAddress: true if it is intended',
    )
  }

  return { faults, remarks }
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

  // A name of one label resolves only in a private network: `http://app:3000`.
  return (
    (!hostName.includes('.') && !hostName.includes(':')) ||
    /\.(?:localhost|local|internal|home\.arpa)$/.test(hostName)
  )
}

/** Reads an option with the known variables of the environment; undefined if it is no text or its function throws. */
function readKnownValue(input: unknown, env: object): string | undefined {
  try {
    const optionValue: unknown = typeof input === 'function' ? input({ env }) : input
    return typeof optionValue === 'string' ? optionValue : undefined
  } catch {
    return undefined
  }
}
