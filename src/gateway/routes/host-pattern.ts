/**
 * Compares patterns of hosts: which host a pattern covers, and whether it covers all that another
 * one does. Settings, the route table and the review call it. `isHostPattern` validates; the
 * others expect valid patterns.
 */
import { readUrlHostName } from '../../request/index.ts'

/** Whether a host pattern (`api.example.com`, `*.example.com`, absent: any) covers all that another one does. */
export function hostCovers(pattern: string | undefined, other: string | undefined): boolean {
  if (pattern === undefined || pattern === other) return true
  return other !== undefined && !other.startsWith('*.') && pattern === toWildcard(other)
}

/** Whether some host is covered by both. */
export function hostsOverlap(a: string | undefined, b: string | undefined): boolean {
  return hostCovers(a, b) || hostCovers(b, a)
}

/** The pattern with which a name is covered one label deep; `''` for a name of one label. */
export function toWildcard(hostName: string): string {
  const dotIndex = hostName.indexOf('.')
  return dotIndex < 1 ? '' : `*${hostName.slice(dotIndex)}`
}

/** Whether a text is a host pattern: a name as browsers send it, without a port, or `*.` and such a name. */
export function isHostPattern(pattern: unknown): pattern is string {
  if (typeof pattern !== 'string') return false
  const hostName = pattern.startsWith('*.') ? pattern.slice(2) : pattern
  // The URL parser has one spelling for each IP address: `*.0.0.1` matches no host.
  return (
    hostName !== '' &&
    readUrlHostName(`http://${hostName}`) === hostName &&
    new URL(`http://${hostName}`).hostname === hostName
  )
}
