/**
 * Compares host patterns of routes: `api.example.com`, `*.example.com`, or undefined for any host.
 * Settings, the route table, its aliases and the review compare patterns; `validate-routes.ts` validates
 * them with `isHostPattern`. The other functions expect valid patterns, and give wrong results for others
 * instead of an error. `*.` covers one label only, and not the domain itself.
 */
import { readUrlHostName } from '../../request/index.ts'

/** Whether a host pattern covers every host that another pattern covers. Undefined covers any host. */
export function hostCovers(pattern: string | undefined, other: string | undefined): boolean {
  if (pattern === undefined || pattern === other) return true
  return other !== undefined && !other.startsWith('*.') && pattern === toWildcard(other)
}

/** Whether some host is covered by both patterns. */
export function hostsOverlap(first: string | undefined, second: string | undefined): boolean {
  return hostCovers(first, second) || hostCovers(second, first)
}

/**
 * Returns the `*.` pattern that covers a host name: `*.example.com` for `api.example.com`; `''` for a name of one
 * label.
 */
export function toWildcard(hostName: string): string {
  const dotIndex = hostName.indexOf('.')
  return dotIndex < 1 ? '' : `*${hostName.slice(dotIndex)}`
}

/** Whether a text is a host pattern: a name as browsers send it, without a port, or `*.` and such a name. */
export function isHostPattern(pattern: unknown): pattern is string {
  if (typeof pattern !== 'string') return false
  const hostName = pattern.startsWith('*.') ? pattern.slice(2) : pattern
  // The URL parser changes unusual spellings, such as `0.0.1` to `0.0.0.1`. No request has such a host, so it is not
  // valid.
  return (
    hostName !== '' &&
    readUrlHostName(`http://${hostName}`) === hostName &&
    new URL(`http://${hostName}`).hostname === hostName
  )
}
