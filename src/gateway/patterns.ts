/** Patterns of routes: which paths and hosts one covers, and whether it covers all that another one does. */
import { foldedPath, hostNameOf } from '../request/index.ts'

/** A path pattern taken apart: `/admin/*` is the prefix `/admin`, `/*` the prefix without a letter. */
export interface PathPattern {
  readonly text: string
  readonly prefix: boolean
}

/** What a route is found by. */
export interface RoutePattern {
  readonly path: string
  /** Absent: any host. */
  readonly host?: string | undefined
}

/** Takes a path pattern apart; folded, it covers every spelling that some server takes for its own. */
export function pathPattern(path: string, folded = false): PathPattern {
  const prefix = path.endsWith('/*')
  const text = prefix ? path.slice(0, -2) : path
  if (!folded) return { text, prefix }
  const spelled = foldedPath(text)
  // Folding leaves a slash of nothing, and every path begins with a prefix of nothing.
  return { text: prefix && spelled === '/' ? '' : spelled, prefix }
}

/** Whether a pattern (`/login`, `/admin/*`) covers a path, or all that another pattern covers. */
export function patternCovers(pattern: string, other: string, folded = false): boolean {
  const { text, prefix } = pathPattern(pattern, folded)
  const inner = pathPattern(other, folded)
  if (inner.prefix && !prefix) return false
  if (!inner.text.startsWith(text)) return false
  return inner.text.length === text.length || (prefix && inner.text.charCodeAt(text.length) === 47)
}

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
