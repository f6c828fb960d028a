/** Patterns of hosts: which one a route covers, and whether it covers all that another one does. */
import { hostNameOf } from '../request/index.ts'

/** Whether a host pattern (`api.example.com`, `*.example.com`, absent: any) covers all that another one does. */
export function hostCovers(pattern: string | undefined, other: string | undefined): boolean {
  if (pattern === undefined || pattern === other) return true
  return other !== undefined && !other.startsWith('*.') && pattern === wildcardOf(other)
}

/** Whether some host is covered by both. */
export function hostsMeet(a: string | undefined, b: string | undefined): boolean {
  return hostCovers(a, b) || hostCovers(b, a)
}

/** The pattern with which a name is covered one label deep; `''` for a name of one label. */
export function wildcardOf(name: string): string {
  const dot = name.indexOf('.')
  return dot < 1 ? '' : `*${name.slice(dot)}`
}

/** Whether a text is a host pattern: a name as browsers send it, without a port, or `*.` and such a name. */
export function isHostPattern(given: unknown): given is string {
  if (typeof given !== 'string') return false
  const name = given.startsWith('*.') ? given.slice(2) : given
  // URL has one spelling for each address: `*.0.0.1` is no name under anything.
  return name !== '' && hostNameOf(`http://${name}`) === name && new URL(`http://${name}`).hostname === name
}
