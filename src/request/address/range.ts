/**
 * Parses ranges of IP addresses in CIDR notation (RFC 4632), and finds whether an address is in
 * one. Access rules and the gateway's maintenance option call it. It is pure and throws nothing. A
 * malformed range, or one that contains a probable typing error, gives undefined; without an
 * address, no range matches.
 */
import { type AddressGroups, groupMask, parseAddress, parseIpv6 } from './ip.ts'

/** A range: its first address, and the length of its prefix in bits. */
export interface AddressRange {
  readonly groups: AddressGroups
  readonly bits: number
}

/**
 * Parses `10.0.0.0/8`, `2001:db8::/32` or a single address. Returns undefined for a prefix that is
 * longer than the address or written with leading zeros, for bits set after the prefix (a typing
 * error in either half), and for a prefix on IPv4 written as IPv6, because such clients are seen as
 * IPv4: write the range as IPv4.
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

/**
 * Reports whether an address is in one of the ranges. IPv4 is never in an IPv6 range, nor IPv6 in
 * an IPv4 range; without an address the result is false.
 */
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
