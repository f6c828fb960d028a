/**
 * Shortens a client's address to what a log may hold: enough to see where requests come from, too
 * little to identify a person. Log lines, audit records and sessions call it. An unknown address
 * gives undefined.
 */
import { addressPrefix } from './address.ts'

/** IPv4 as its /24, IPv6 as its /48; undefined where no address is known. `normaliseAddress` has judged it. */
export function truncateAddress(address: string | undefined): string | undefined {
  if (address === undefined) return undefined
  if (address.includes(':')) return addressPrefix(address, 48)
  return `${address.slice(0, address.lastIndexOf('.'))}.0/24`
}
