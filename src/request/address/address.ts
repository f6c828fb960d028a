/**
 * Finds the address of the client, from the one header that its platform sets. Limits, access
 * rules and logs call it for each request. A request without such a header has no address, which
 * gives undefined; a missing option `platform` is reported as an issue.
 */
import { type Issues, parseWholeNumber } from '../../options/index.ts'
import type { ReadableHeaders } from '../request-head.ts'
import { groupMask, isIpv4, isNat64, parseAddress, writeAddress } from './ip.ts'

/**
 * The platform in front, and so the header that holds the client's address. It is never guessed from headers, since a client can send
 * any of them:
 *
 * - `cloudflare`: `CF-Connecting-IP`. A Worker called from another zone's Worker sees one shared Cloudflare address.
 * - `vercel`: `x-real-ip`, else `x-vercel-forwarded-for`; Vercel overwrites both.
 * - `{ hops: n }`: n proxies of yours, each appending to `X-Forwarded-For`: the n-th entry from the right.
 * - `none`: nobody vouches, no address is known.
 */
export type Platform = 'cloudflare' | 'vercel' | 'none' | { readonly hops: number }

/** Proxies one behind the other; more is a mistake. */
const maxHops = 16

/**
 * The client's address in one spelling, or undefined where nobody vouches for one; limits then use one shared bucket.
 * A request that passed fewer proxies than stated came around them, and has no address.
 *
 * @see RFC 7239 section 7.1 on why the left end of the list is the client's own word
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
 * An address in one spelling: IPv6 as RFC 5952 has it; IPv4 mapped into IPv6 as IPv4, or one client
 * would have two addresses. NAT64's `64:ff9b::/96` stays IPv6: a range of IPv4 does not hold it, unless a rule names it too. undefined for anything but exactly one address: octets above 255 or with leading
 * zeros, zone ids, ports, brackets, spaces, lists.
 */
export function normaliseAddress(text: string | null | undefined): string | undefined {
  if (text === null || text === undefined) return undefined
  if (isIpv4(text)) return text

  const groups = parseAddress(text)
  return groups && writeAddress(groups)
}

/**
 * The part of an address that stands for one customer: IPv6 cut to `bits` and written with them (`2001:db8:1:2::/64`), since
 * a home or a phone has at least a /64 to pick from; IPv4 as it is, by NAT64 too, or all of its clients would be one. What is no address is `unknown`: one bucket for all.
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

/** Judges a `platform` option. Absent is a fault unless there is a default: a guess would be the client's to make. */
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
    const under = issues.at('platform')
    const { hops } = optionValue as { hops: unknown }
    if (hops === undefined) under.add('hops', 'is required')

    return {
      hops: parseWholeNumber(under, 'hops', hops, { min: 1, max: maxHops, unit: 'proxies' }) ?? 1,
    }
  }

  issues.add('platform', `must be 'cloudflare', 'vercel', 'none' or { hops: 1 to ${maxHops} }`)
  return 'none'
}

/** The n-th entry of a list from its right end; looks at no more of it. */
function entryFromRight(list: string | null, n: number): string | undefined {
  if (list === null) return undefined

  let endIndex = list.length
  for (let left = n; left > 1; left--) {
    if (endIndex <= 0) return undefined
    endIndex = list.lastIndexOf(',', endIndex - 1)
    if (endIndex === -1) return undefined
  }

  return endIndex <= 0
    ? undefined
    : list.slice(list.lastIndexOf(',', endIndex - 1) + 1, endIndex).trim()
}

/** Some proxies append `address:port` or `[address]:port`. A bare IPv6 address has more than one colon and no brackets. */
function removePort(entry: string): string {
  return (
    /^([\d.]{7,15}):\d{1,5}$/.exec(entry)?.[1] ??
    /^\[([\da-fA-F:.]{2,45})\](?::\d{1,5})?$/.exec(entry)?.[1] ??
    entry
  )
}
