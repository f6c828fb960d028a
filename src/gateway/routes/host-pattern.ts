/** Patterns of hosts: which one a route covers, and whether it covers all that another one does. */
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
export function toWildcard(name: string): string {
  const dot = name.indexOf('.')
  return dot < 1 ? '' : `*${name.slice(dot)}`
}

/** Whether a text is a host pattern: a name as browsers send it, without a port, or `*.` and such a name. */
export function isHostPattern(value: unknown): value is string {
  if (typeof value !== 'string') return false
  const name = value.startsWith('*.') ? value.slice(2) : value
  // URL has one spelling for each address: `*.0.0.1` is no name under anything.
  return (
    name !== '' &&
    readUrlHostName(`http://${name}`) === name &&
    new URL(`http://${name}`).hostname === name
  )
}
