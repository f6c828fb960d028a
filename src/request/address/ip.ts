/**
 * Parses IP addresses to numbers and writes them, strictly and in one spelling (RFC 4291 section
 * 2.2, RFC 5952). `address.ts` and `range.ts` call it. It is pure and throws nothing; any other
 * text gives undefined.
 */
import { hexDigit } from '../hex.ts'

/** An address as 16-bit groups: two for IPv4, eight for IPv6. */
export type AddressGroups = readonly number[]

/** The most characters of an address: eight groups of four digits, or six and a dotted quad. */
const maxAddressLength = 45

const colon = 0x3a
const dot = 0x2e

/**
 * Reports whether a text is four decimal octets. Octal numbers and short forms are rejected,
 * because parsers read them differently.
 */
export function isIpv4(addressText: string): boolean {
  return readQuad(addressText) !== -1
}

/**
 * Parses exactly one address. IPv4 mapped into IPv6 (`::ffff:0:0/96`, RFC 4291) is returned as
 * IPv4, because sockets of both families write it so. An address of NAT64, 6to4 or Teredo stays
 * IPv6, because its holder need not hold the IPv4 address inside.
 */
export function parseAddress(addressText: string): AddressGroups | undefined {
  const quad = readQuad(addressText)
  if (quad !== -1) return [quad >>> 16, quad & 0xffff]

  const groups = parseIpv6(addressText)
  if (groups === undefined) return undefined

  return isMapped(groups) ? groups.slice(6) : groups
}

/**
 * Parses IPv6 without converting an IPv4 address inside. One `::` stands for one or more zero
 * groups; a dotted quad is only allowed at the end; zone ids and brackets are rejected.
 */
export function parseIpv6(addressText: string): number[] | undefined {
  if (addressText.length < 2 || addressText.length > maxAddressLength) return undefined

  const groups: number[] = []
  const gapIndex = addressText.startsWith('::') ? 0 : readGroups(addressText, 0, groups)
  if (gapIndex === -1) return undefined
  if (gapIndex === addressText.length) return groups.length === 8 ? groups : undefined

  const groupsBefore = groups.length
  const rest = gapIndex + 2
  if (rest < addressText.length && readGroups(addressText, rest, groups) !== addressText.length)
    return undefined
  if (groups.length > 7) return undefined

  for (let missing = 8 - groups.length; missing > 0; missing--) groups.splice(groupsBefore, 0, 0)
  return groups
}

/**
 * Reads groups that are separated by one colon, and adds them to a list.
 *
 * @returns the end of the text, or the index of the next `::`; -1 for anything else.
 */
function readGroups(addressText: string, startIndex: number, groups: number[]): number {
  let index = startIndex

  while (true) {
    const groupEnd = findGroupEnd(addressText, index)
    if (addressText.charCodeAt(groupEnd) === dot) return readLastQuad(addressText, index, groups)
    if (groupEnd === index || groupEnd > index + 4) return -1

    groups.push(readHex(addressText, index, groupEnd))
    if (groupEnd === addressText.length || addressText.startsWith('::', groupEnd)) return groupEnd
    if (addressText.charCodeAt(groupEnd) !== colon) return -1

    index = groupEnd + 1
  }
}

/** Reads the dotted quad at the end of an address as two groups. */
function readLastQuad(addressText: string, startIndex: number, groups: number[]): number {
  const quad = readQuad(addressText.slice(startIndex))
  if (quad === -1) return -1

  groups.push(quad >>> 16, quad & 0xffff)
  return addressText.length
}

function findGroupEnd(addressText: string, startIndex: number): number {
  let index = startIndex
  while (hexDigit(addressText.charCodeAt(index)) !== -1) index++
  return index
}

function readHex(addressText: string, startIndex: number, endIndex: number): number {
  let value = 0
  for (let index = startIndex; index < endIndex; index++)
    value = value * 16 + hexDigit(addressText.charCodeAt(index))
  return value
}

/**
 * Writes an address in lower case, without leading zeros, and with the first longest run of two or
 * more zero groups as `::`.
 *
 * @see RFC 5952 section 4
 */
export function writeAddress(groups: AddressGroups): string {
  if (groups.length === 2) {
    const [high = 0, low = 0] = groups
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
  }

  let [fromIndex, max] = [0, 1]
  for (let index = 0, run = 0; index < groups.length; index++) {
    run = groups[index] === 0 ? run + 1 : 0
    if (run > max) [fromIndex, max] = [index - run + 1, run]
  }

  let addressText = ''
  for (let index = 0; index < groups.length; index++) {
    if (max > 1 && index === fromIndex) {
      addressText += '::'
      index += max - 1
    } else
      addressText +=
        (addressText === '' || addressText.endsWith(':') ? '' : ':') +
        (groups[index] ?? 0).toString(16)
  }

  return addressText
}

/** Returns the mask of a group for a prefix of `bits` bits. */
export function groupMask(bits: number, index: number): number {
  return (0xffff << Math.max(0, Math.min(16, 16 * (index + 1) - bits))) & 0xffff
}

/** Reports whether an address is IPv4 mapped into IPv6: `::ffff:0:0/96`. */
function isMapped(groups: AddressGroups): boolean {
  return groups[5] === 0xffff && groups.every((group, index) => index > 4 || group === 0)
}

/**
 * Reports whether an address is in `64:ff9b::/96`, the form of IPv4 addresses in NAT64 (RFC 6052).
 */
export function isNat64(groups: AddressGroups): boolean {
  return (
    groups[0] === 0x64 &&
    groups[1] === 0xff9b &&
    groups.every((group, index) => index < 2 || index > 5 || group === 0)
  )
}

/** Parses four octets to one unsigned number, or returns -1. */
function readQuad(addressText: string): number {
  if (addressText.length < 7 || addressText.length > 15) return -1

  let value = 0
  let octet = -1
  let dots = 0

  for (let index = 0; index < addressText.length; index++) {
    const charCode = addressText.charCodeAt(index)
    if (charCode === dot) {
      if (octet === -1 || ++dots > 3) return -1

      value = value * 256 + octet
      octet = -1
      continue
    }

    const digit = charCode - 0x30
    // Some parsers read a leading zero as octal, so 010.0.0.1 would be two addresses.
    if (digit < 0 || digit > 9 || octet === 0) return -1

    octet = octet === -1 ? digit : octet * 10 + digit
    if (octet > 255) return -1
  }

  return octet === -1 || dots !== 3 ? -1 : value * 256 + octet
}
