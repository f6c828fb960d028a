/** Addresses as numbers and back: strict reading, one spelling. RFC 4291 section 2.2, RFC 5952. */
import { hexDigit } from '../hex.ts'

/** An address as 16-bit groups: two for IPv4, eight for IPv6. */
export type AddressGroups = readonly number[]

/** Eight groups of four digits, or six and a dotted quad. */
const maxAddressLength = 45

const colon = 0x3a
const dot = 0x2e

/** Whether a text is four decimal octets. No octal, no short forms: parsers disagree on both. */
export function isIpv4(text: string): boolean {
  return readQuad(text) !== -1
}

/**
 * Reads exactly one address. IPv4 mapped into IPv6 (`::ffff:0:0/96`, RFC 4291) comes out as IPv4: a socket of both families
 * writes it so. An address by NAT64, 6to4 or Teredo stays IPv6: who holds such an address need not hold the IPv4 one within.
 */
export function parseAddress(text: string): AddressGroups | undefined {
  const quad = readQuad(text)
  if (quad !== -1) return [quad >>> 16, quad & 0xffff]

  const groups = parseIpv6(text)
  if (groups === undefined) return undefined

  return isMapped(groups) ? groups.slice(6) : groups
}

/**
 * Reads IPv6 as it is written, IPv4 within it left alone. One `::` for one zero group or more; a dotted quad only at the
 * end; no zone id, no brackets.
 */
export function parseIpv6(text: string): number[] | undefined {
  const end = text.length
  if (end < 2 || end > maxAddressLength) return undefined

  const groups: number[] = []
  let gap = -1
  let index = 0

  if (text.charCodeAt(0) === colon) {
    if (text.charCodeAt(1) !== colon) return undefined
    gap = 0
    index = 2
  }

  while (index < end) {
    const start = index
    let group = 0

    for (
      let digit = hexDigit(text.charCodeAt(index));
      digit !== -1;
      digit = hexDigit(text.charCodeAt(++index))
    ) {
      if (index - start === 4) return undefined
      group = group * 16 + digit
    }

    if (text.charCodeAt(index) === dot) {
      const quad = readQuad(text.slice(start))
      if (quad === -1) return undefined

      groups.push(quad >>> 16, quad & 0xffff)
      break
    }

    if (index === start) return undefined

    groups.push(group)
    if (index === end) break

    // A colon, and behind it a group or the one `::`; nothing else, and not the end.
    if (text.charCodeAt(index++) !== colon || index === end) return undefined
    if (text.charCodeAt(index) !== colon) continue
    if (gap !== -1) return undefined

    gap = groups.length
    index++
  }

  if (gap === -1) return groups.length === 8 ? groups : undefined
  if (groups.length > 7) return undefined

  for (let missing = 8 - groups.length; missing > 0; missing--) groups.splice(gap, 0, 0)
  return groups
}

/**
 * Writes an address: lower case, no leading zeros, the first longest run of two or more zero groups as `::`.
 *
 * @see RFC 5952 section 4
 */
export function writeAddress(groups: AddressGroups): string {
  if (groups.length === 2) {
    const [high = 0, low = 0] = groups
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
  }

  let [from, max] = [0, 1]
  for (let index = 0, run = 0; index < groups.length; index++) {
    run = groups[index] === 0 ? run + 1 : 0
    if (run > max) [from, max] = [index - run + 1, run]
  }

  let text = ''
  for (let index = 0; index < groups.length; index++) {
    if (max > 1 && index === from) {
      text += '::'
      index += max - 1
    } else
      text += (text === '' || text.endsWith(':') ? '' : ':') + (groups[index] ?? 0).toString(16)
  }

  return text
}

/** The bits of the i-th group that the first `bits` bits of an address cover. */
export function groupMask(bits: number, index: number): number {
  return (0xffff << Math.max(0, Math.min(16, 16 * (index + 1) - bits))) & 0xffff
}

/** `::ffff:0:0/96`. */
function isMapped(groups: AddressGroups): boolean {
  return groups[5] === 0xffff && groups.every((group, index) => index > 4 || group === 0)
}

/** Whether an address is of `64:ff9b::/96`, by which NAT64 writes IPv4 (RFC 6052). */
export function isNat64(groups: AddressGroups): boolean {
  return (
    groups[0] === 0x64 &&
    groups[1] === 0xff9b &&
    groups.every((group, index) => index < 2 || index > 5 || group === 0)
  )
}

/** Four octets as one number without sign, or -1. */
function readQuad(text: string): number {
  if (text.length < 7 || text.length > 15) return -1

  let value = 0
  let octet = -1
  let dots = 0

  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === dot) {
      if (octet === -1 || ++dots > 3) return -1

      value = value * 256 + octet
      octet = -1
      continue
    }

    const digit = code - 0x30
    // A leading zero is octal to some parsers: 010.0.0.1 would be two addresses.
    if (digit < 0 || digit > 9 || octet === 0) return -1

    octet = octet === -1 ? digit : octet * 10 + digit
    if (octet > 255) return -1
  }

  return octet === -1 || dots !== 3 ? -1 : value * 256 + octet
}
