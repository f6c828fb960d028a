/** Which route a request takes: the first pattern that matches the path decides, then the method. */
import type { CrossOriginPolicy } from '../csrf/index.ts'
import { type BodyRules, foldedPath } from '../request/index.ts'
import type { CompiledThrottle } from './judge-throttle.ts'
import type { Access, Method, Route } from './route.ts'

/** A route as requests use it. */
export interface CompiledRoute {
  readonly route: Route
  readonly access: Access
  /** Undefined where the route takes requests from anywhere. */
  readonly csrf?: CrossOriginPolicy | undefined
  readonly body: BodyRules
  /** Undefined where the route is no login. */
  readonly throttle?: CompiledThrottle | undefined
}

/** What became of a path and a method. */
export type Match =
  | { readonly is: 'route'; readonly route: CompiledRoute }
  | { readonly is: 'method'; readonly allow: string }
  | { readonly is: 'none' }

/** All routes that share a pattern: a path that one of them covers never falls through to a later, laxer pattern. */
interface Group {
  readonly text: string
  readonly prefix: boolean
  /** One of the group's routes is guarded or a login, so it is compared with the folded path: too much is guarded, never too little. */
  readonly guarded: boolean
  readonly byMethod: Map<string, CompiledRoute>
  readonly allow: string
}

const every: readonly Method[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const none: Match = { is: 'none' }

/** Compiles a route table. `path` must be canonical. */
export function compileRoutes(routes: readonly CompiledRoute[]): (path: string, method: string) => Match {
  const groups = groupsOf(routes)
  const anyGuarded = groups.some((group) => group.guarded)
  return (path, method) => {
    const folded = anyGuarded ? foldedPath(path) : path
    for (const group of groups) {
      if (!covers(group, group.guarded ? folded : path)) continue
      const route = group.byMethod.get(method)
      return route ? { is: 'route', route } : { is: 'method', allow: group.allow }
    }
    return none
  }
}

/** Whether a route also takes other spellings of its path: a guard must not miss one that its upstream takes. */
export function isFolded({ route, access, throttle }: CompiledRoute): boolean {
  return (access !== 'public' || throttle !== undefined) && route.caseSensitive !== true
}

/** Methods that a route takes. */
export function methodsOf(route: Route): readonly string[] {
  if (route.methods === undefined) return every
  return route.methods.includes('GET') && !route.methods.includes('HEAD') ? [...route.methods, 'HEAD'] : route.methods
}

/** Whether a pattern (`/login`, `/admin/*`) covers a path or all that another pattern covers. */
export function patternCovers(pattern: string, path: string): boolean {
  const { text, prefix } = patternOf(pattern)
  const other = patternOf(path)
  return covers({ text, prefix }, other.text) && (prefix || !other.prefix)
}

function groupsOf(routes: readonly CompiledRoute[]): Group[] {
  const found = new Map<string, CompiledRoute[]>()
  for (const compiled of routes) {
    const same = found.get(compiled.route.path)
    if (same) same.push(compiled)
    else found.set(compiled.route.path, [compiled])
  }
  return [...found].map(([path, members]) => {
    const guarded = members.some(isFolded)
    const { text, prefix } = patternOf(path)
    const byMethod = new Map<string, CompiledRoute>()
    for (const member of members) {
      for (const method of methodsOf(member.route)) if (!byMethod.has(method)) byMethod.set(method, member)
    }
    return {
      // `/*` has no text, and folded it would be a slash: a route for nothing but the root.
      text: guarded && text !== '' ? foldedPath(text) : text,
      prefix,
      guarded,
      byMethod,
      allow: every.filter((method) => byMethod.has(method)).join(', '),
    }
  })
}

function patternOf(path: string): { text: string; prefix: boolean } {
  return path.endsWith('/*') ? { text: path.slice(0, -2), prefix: true } : { text: path, prefix: false }
}

function covers({ text, prefix }: { text: string; prefix: boolean }, path: string): boolean {
  if (!path.startsWith(text)) return false
  // The text of `/*` is empty: every path begins with it and a slash.
  return path.length === text.length || (prefix && path.charCodeAt(text.length) === 47)
}
