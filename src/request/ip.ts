/** Addresses as numbers and back: strict reading, one spelling. RFC 4291 section 2.2, RFC 5952. */

/** An address as 16-bit groups: two for IPv4, eight for IPv6. */
export type Groups = readonly number[]

/** Eight groups of four digits, or six and a dotted quad. */
const longestAddress = 45

/** Whether a text is four decimal octets. No octal, no short forms: parsers disagree on both. */
export function isIpv4(text: string): boolean {
  return readQuad(text) !== -1
}

/**
 * Reads exactly one address. IPv4 within IPv6, mapped (`::ffff:0:0/96`, RFC 4291) or by NAT64 (`64:ff9b::/96`, RFC 6052),
 * comes out as IPv4.
 */
export function parseAddress(text: string): Groups | undefined {
  const quad = readQuad(text)
  if (quad !== -1) return [quad >>> 16, quad & 0xffff]
  const groups = parseIpv6(text)
  if (groups === undefined) return undefined
  const head = groups.slice(0, 6).join()
  return head === '0,0,0,0,0,65535' || head === '100,65435,0,0,0,0' ? groups.slice(6) : groups
}

/**
 * Reads IPv6 as it is written, IPv4 within it left alone. One `::` for one zero group or more; a dotted quad only at the
 * end; no zone id, no brackets.
 */
export function parseIpv6(text: string): number[] | undefined {
  if (text.length < 2 || text.length > longestAddress) return undefined
  const gap = text.indexOf('::')
  if (gap === -1) {
    const groups = readGroups(text, true)
    return groups?.length === 8 ? groups : undefined
  }
  const head = gap === 0 ? [] : readGroups(text.slice(0, gap), false)
  const tail = gap + 2 === text.length ? [] : readGroups(text.slice(gap + 2), true)
  if (head === undefined || tail === undefined || head.length + tail.length > 7) return undefined
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail]
}

/**
 * Writes an address: lower case, no leading zeros, the first longest run of two or more zero groups as `::`.
 *
 * @see RFC 5952 section 4
 */
export function writeAddress(groups: Groups): string {
  if (groups.length === 2) {
    const [high = 0, low = 0] = groups
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
  }
  let [from, most] = [0, 1]
  for (let i = 0, run = 0; i < groups.length; i++) {
    run = groups[i] === 0 ? run + 1 : 0
    if (run > most) [from, most] = [i - run + 1, run]
  }
  const hex = (part: Groups): string => part.map((group) => group.toString(16)).join(':')
  return most < 2 ? hex(groups) : `${hex(groups.slice(0, from))}::${hex(groups.slice(from + most))}`
}

/** The bits of the i-th group that the first `bits` bits of an address cover. */
export function maskOf(bits: number, i: number): number {
  return (0xffff << Math.max(0, Math.min(16, 16 * (i + 1) - bits))) & 0xffff
}

/** Groups between colons; the last may be a dotted quad where that is allowed. */
function readGroups(text: string, quadAllowed: boolean): number[] | undefined {
  const groups: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16))
      continue
    }
    const quad = quadAllowed && i === parts.length - 1 ? readQuad(part) : -1
    if (quad === -1) return undefined
    groups.push(quad >>> 16, quad & 0xffff)
  }
  return groups
}

/** Four octets as one number without sign, or -1. */
function readQuad(text: string): number {
  if (text.length < 7 || text.length > 15) return -1
  let value = 0
  let octet = -1
  let dots = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x2e) {
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
