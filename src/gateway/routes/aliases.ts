/** Guards the further paths of a page: where a route leads to a page that another route guards, the guards of both hold. */
import { type AliasIndex, createAliasIndex, foldPath, readAliases } from '../../request/index.ts'
import { coversPath } from '../../request/path/pattern.ts'
import { isFolded, isGuarded } from './guards.ts'
import { toWildcard } from './host-pattern.ts'
import { asksMore, strictestRoute } from './strictest.ts'
import type { CompiledRoute, RouteGroup, RouteMatch } from './table.ts'

/** What of a request decides its route. */
export interface Asked {
  readonly host: string
  readonly path: string
  readonly method: string
  readonly search: string
  /** The folded path, once somebody needed it. */
  folded?: string
}

/** The guards of a table by the further paths of their pages. */
export interface RouteAliases {
  /** Adds all routes that share a pattern. */
  add(group: RouteGroup): void
  /** What holds for a request besides the route it takes; undefined where nothing does, as for nearly every request. */
  strictest(
    asked: Asked,
    group: RouteGroup,
    route: CompiledRoute,
    find: (asked: Asked) => RouteGroup | undefined,
  ): RouteMatch | undefined
}

/** Makes the aliases of a table. */
export function compileAliases(routes: readonly CompiledRoute[]): RouteAliases {
  const folded = newIndexes(true)
  const written = newIndexes(false)
  const opens = routes.some(({ route }) => route.csrf !== undefined)
  let any = false

  /** Adds the groups that name a page of this path to `found`. An exact pattern says itself what holds for its path. */
  function collect(found: RouteGroup[], asked: Asked, group: RouteGroup): void {
    const { host, path } = asked
    if (!group.pattern.prefix) return
    asked.folded ??= foldPath(path)
    for (const index of folded.list(host)) addFound(found, index.find(asked.folded), path)
    for (const index of written.list(host)) addFound(found, index.find(path), path)
  }

  /** The groups of all pages that an upstream may serve for a path. */
  function findPages(
    asked: Asked,
    group: RouteGroup,
    route: CompiledRoute,
    find: (asked: Asked) => RouteGroup | undefined,
  ): RouteGroup[] {
    const { path, search } = asked
    const found: RouteGroup[] = []
    collect(found, asked, group)
    for (const page of (route.upstream?.aliases ?? readAliases)(path, search)) {
      const alias: Asked = { ...asked, path: page }
      delete alias.folded
      const other = find(alias)
      if (other === undefined) continue
      found.push(other)
      collect(found, alias, other)
    }
    return found
  }

  return {
    add(group) {
      if (!group.members.some((member) => restricts(member, opens))) return
      any = true
      const { route } = group.members[0] as CompiledRoute
      const guarded = group.members.some(isFolded)
      const exactly = !guarded && group.members.some(({ route }) => route.caseSensitive)
      // A route that only limits matches as it is written, and its limits hold for every spelling.
      ;(exactly ? written : folded)
        .ensure(route.host)
        .add(route.path, group, { direct: !guarded && !exactly })
    },
    strictest(asked, group, route, find) {
      if (!any) return undefined
      const groups = new Set(findPages(asked, group, route, find))
      groups.delete(group)
      const stricter: CompiledRoute[] = []
      for (const { byMethod, members, allow } of groups) {
        const member = byMethod.get(asked.method)
        if (member !== undefined && asksMore(member, route)) stricter.push(member)
        // The page itself would not take the method either.
        if (member === undefined && members.some((other) => asksMore(other, route))) {
          return { type: 'method', allow }
        }
      }
      return stricter.length === 0
        ? undefined
        : { type: 'route', route: strictestRoute(route, stricter) }
    },
  }
}

/** Whether a route may refuse what another one would let through. */
function restricts({ route, access, csrf }: CompiledRoute, opens: boolean): boolean {
  const { throttle, limit, graphql, maxBodyBytes, contentTypes } = route
  const watches =
    isGuarded(access) || throttle !== undefined || graphql !== undefined || Boolean(limit)
  return (
    watches ||
    maxBodyBytes !== undefined ||
    contentTypes !== undefined ||
    (opens && csrf !== undefined)
  )
}

/** Where a pattern covers the path itself, the table says with its order that another route decides. */
function addFound(found: RouteGroup[], groups: readonly RouteGroup[], path: string): void {
  for (const group of groups) if (!coversPath(group.pattern, path)) found.push(group)
}

/** Indexes by the host that routes name. */
interface Indexes {
  ensure(host: string | undefined): AliasIndex<RouteGroup>
  /** Those that hold for the host of a request. */
  list(host: string): ReadonlyArray<AliasIndex<RouteGroup>>
}

function newIndexes(folded: boolean): Indexes {
  const anyHost = createAliasIndex<RouteGroup>(folded)
  const always = [anyHost]
  const hosts = new Map<string, AliasIndex<RouteGroup>>()
  return {
    ensure(host) {
      if (host === undefined) return anyHost
      const index = hosts.get(host) ?? createAliasIndex<RouteGroup>(folded)
      hosts.set(host, index)
      return index
    },
    list(host) {
      if (hosts.size === 0) return always
      const more = [hosts.get(host), hosts.get(toWildcard(host))]
      return [anyHost, ...more.filter((index) => index !== undefined)]
    },
  }
}
