/**
 * Parses ranges of addresses in CIDR notation for rules (RFC 4632), and finds whether an address
 * is in one. Access rules and maintenance call it. A range that no rule can mean gives undefined.
 */
import { type AddressGroups, groupMask, parseAddress, parseIpv6 } from './ip.ts'

/** A range: its first address, and how many of its bits count. */
export interface AddressRange {
  readonly groups: AddressGroups
  readonly bits: number
}

/**
 * Reads `10.0.0.0/8`, `2001:db8::/32` or a single address. undefined for what a rule cannot mean: a prefix that is longer
 * than the address or written with leading zeros, bits set behind the prefix (a typing error in either half), and a prefix
 * on IPv4 written as IPv6, since such clients are seen as IPv4: write the range as IPv4.
 */
export function parseRange(addressText: string): AddressRange | undefined {
  const [address = '', length, ...more] = addressText.split('/', 3)
  const groups = parseAddress(address)
  if (groups === undefined || more.length > 0) return undefined

  const max = groups.length * 16
  if (length === undefined) return { groups, bits: max }
  if (!/^(?:0|[1-9]\d{0,2})$/.test(length) || Number(length) > max) return undefined
  if (max === 32 && parseIpv6(address)) return undefined

  const range = { groups, bits: Number(length) }
  return groups.every((group, index) => (group & ~groupMask(range.bits, index) & 0xffff) === 0)
    ? range
    : undefined
}

/** Whether an address is in one of the ranges. IPv4 is never in an IPv6 range, nor the other way; no address is in none. */
export function inRanges(ranges: readonly AddressRange[], address: string | undefined): boolean {
  if (address === undefined || ranges.length === 0) return false

  const groups = parseAddress(address)
  if (groups === undefined) return false

  return ranges.some(
    (range) =>
      range.groups.length === groups.length &&
      range.groups.every(
        (group, index) => ((group ^ (groups[index] ?? 0)) & groupMask(range.bits, index)) === 0,
      ),
  )
}
