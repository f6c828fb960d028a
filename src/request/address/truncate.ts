/**
 * Shortens a client's address for logs: enough to see where requests come from, too little to
 * identify a person. Log lines, audit records and stored sessions call it. It is pure and throws
 * nothing. An unknown address gives undefined. The address must be one that `normaliseAddress`
 * returned.
 */
import { addressPrefix } from './address.ts'

/**
 * Returns the /24 of an IPv4 address or the /48 of an IPv6 address; undefined where no address is
 * known.
 */
export function truncateAddress(address: string | undefined): string | undefined {
  if (address === undefined) return undefined
  if (address.includes(':')) return addressPrefix(address, 48)
  return `${address.slice(0, address.lastIndexOf('.'))}.0/24`
}
