/**
 * Finds the IP address of the client in the one header that the platform in front sets. Rate
 * limits, access rules, log lines, audit records, sessions and `portcullis()` call it for each
 * request. It throws nothing. A request without that header has no address, which gives undefined;
 * a missing or invalid option `platform` is added to the caller's list of issues. With a wrong
 * platform, clients can choose their address.
 */
import { type Issues, parseWholeNumber } from '../../options/index.ts'
import type { ReadableHeaders } from '../request-head.ts'
import { groupMask, isIpv4, isNat64, parseAddress, writeAddress } from './ip.ts'

/**
 * The platform in front, which determines the header with the client's address. It is never guessed
 * from headers, since a client can send any of them:
 *
 * - `cloudflare`: `CF-Connecting-IP`. A Worker that another zone's Worker calls sees one shared
 *   Cloudflare address.
 * - `vercel`: `x-real-ip`, otherwise `x-vercel-forwarded-for`; Vercel overwrites both.
 * - `{ hops: n }`: n proxies of yours, each of which appends to `X-Forwarded-For`: the n-th entry
 *   from the right.
 * - `none`: no header can be trusted, so no address is known.
 */
export type Platform = 'cloudflare' | 'vercel' | 'none' | { readonly hops: number }

/** The most proxies in a row. A larger number is a mistake. */
const maxHops = 16

/**
 * Returns the client's address in one spelling, or undefined where none is known; limits then use
 * one shared key. A request that passed fewer proxies than configured bypassed them, and has no
 * address.
 *
 * @see RFC 7239 section 7.1 on why the left end of the list is chosen by the client
 */
export function clientAddress(
  headers: Pick<ReadableHeaders, 'get'>,
  platform: Platform,
): string | undefined {
  if (platform === 'none') return undefined
  if (platform === 'cloudflare') return normaliseAddress(headers.get('cf-connecting-ip'))
  if (platform === 'vercel')
    return normaliseAddress(headers.get('x-real-ip') ?? headers.get('x-vercel-forwarded-for'))

  const entry = entryFromRight(headers.get('x-forwarded-for'), platform.hops)
  return entry === undefined ? undefined : normaliseAddress(removePort(entry))
}

/**
 * Returns an address in one spelling: IPv6 as in RFC 5952, and IPv4 mapped into IPv6 as IPv4, so
 * that one client has one address. NAT64's `64:ff9b::/96` stays IPv6, so a range of IPv4 does not
 * contain it unless a rule also lists it. Returns undefined for anything but exactly one address:
 * octets above 255 or with leading zeros, zone ids, ports, brackets, spaces, lists.
 */
export function normaliseAddress(text: string | null | undefined): string | undefined {
  if (text === null || text === undefined) return undefined
  if (isIpv4(text)) return text

  const groups = parseAddress(text)
  return groups && writeAddress(groups)
}

/**
 * Returns the part of an address that identifies one customer. IPv6 is cut to `bits` and written
 * with them (`2001:db8:1:2::/64`), since a home or a phone has at least a /64. IPv4 stays as it is,
 * also inside NAT64, whose clients would otherwise all be one. Without an address the result is
 * `unknown`.
 *
 * @param bits - 1 to 128; default 64
 */
export function addressPrefix(address: string | undefined, bits = 64): string {
  if (address === undefined) return 'unknown'
  if (isIpv4(address)) return address

  const groups = parseAddress(address)
  if (groups === undefined) return 'unknown'
  if (groups.length === 2) return writeAddress(groups)
  if (isNat64(groups)) return writeAddress(groups.slice(6))

  return `${writeAddress(groups.map((group, index) => group & groupMask(bits, index)))}/${bits}`
}

/**
 * Validates an option `platform`. Without a default it is required, because with a guess clients
 * could choose their address.
 */
export function checkPlatform(
  optionValue: unknown,
  issues: Issues,
  defaultValue?: Platform,
): Platform {
  if (optionValue === undefined && defaultValue !== undefined) return defaultValue
  if (optionValue === 'cloudflare' || optionValue === 'vercel' || optionValue === 'none')
    return optionValue
  if (
    typeof optionValue === 'object' &&
    optionValue !== null &&
    Object.keys(optionValue).join() === 'hops'
  ) {
    const platformIssues = issues.at('platform')
    const { hops } = optionValue as { hops: unknown }
    if (hops === undefined)
      platformIssues.add('hops', 'is required: the number of your own proxies')

    return {
      hops:
        parseWholeNumber(platformIssues, 'hops', hops, { min: 1, max: maxHops, unit: 'proxies' }) ??
        1,
    }
  }

  issues.add('platform', `must be 'cloudflare', 'vercel', 'none' or { hops: 1 to ${maxHops} }`)
  return 'none'
}

/** Returns the n-th entry of a list from its right end, without reading the rest. */
function entryFromRight(list: string | null, n: number): string | undefined {
  if (list === null) return undefined

  let endIndex = list.length
  for (let remaining = n; remaining > 1; remaining--) {
    if (endIndex <= 0) return undefined
    endIndex = list.lastIndexOf(',', endIndex - 1)
    if (endIndex === -1) return undefined
  }

  return endIndex <= 0
    ? undefined
    : list.slice(list.lastIndexOf(',', endIndex - 1) + 1, endIndex).trim()
}

/**
 * Removes a port, since some proxies append `address:port` or `[address]:port`. A plain IPv6
 * address has more than one colon and no brackets.
 */
function removePort(entry: string): string {
  return (
    /^([\d.]{7,15}):\d{1,5}$/.exec(entry)?.[1] ??
    /^\[([\da-fA-F:.]{2,45})\](?::\d{1,5})?$/.exec(entry)?.[1] ??
    entry
  )
}
