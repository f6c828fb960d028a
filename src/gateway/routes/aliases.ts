/**
 * Guards further paths of a page: if a path leads to a page that another route guards, the guards
 * of both hold. `table.ts` compiles the aliases once and asks them for each request. A path
 * without aliases costs one look-up.
 */
import { type AliasIndex, createAliasIndex, foldPath, readAliases } from '../../request/index.ts'
import { coversPath } from '../../request/path/pattern.ts'
import { isFolded, isGuarded } from './guards.ts'
import { toWildcard } from './host-pattern.ts'
import { asksMore, strictestRoute } from './strictest.ts'
import type { CompiledRoute, RouteGroup, RouteMatch } from './table.ts'

/** The parts of a request that decide its route. */
export interface Asked {
  readonly host: string
  readonly path: string
  readonly method: string
  readonly search: string
  /** The folded path, cached when it is first needed. */
  folded?: string
}

/** The guards of a table by the further paths of their pages. */
export interface RouteAliases {
  /** Adds all routes that share a pattern. */
  add(group: RouteGroup): void
  /**
   * Finds the stricter match that holds beside the request's own route; undefined where there is
   * none, as for nearly every request.
   */
  strictest(
    routeQuery: Asked,
    group: RouteGroup,
    route: CompiledRoute,
    findGroup: (routeQuery: Asked) => RouteGroup | undefined,
  ): RouteMatch | undefined
}

/** Makes the aliases of a table. */
export function compileAliases(routes: readonly CompiledRoute[]): RouteAliases {
  const foldedIndexes = newIndexes(true)
  const writtenIndexes = newIndexes(false)
  const opensCsrf = routes.some(({ route }) => route.csrf !== undefined)
  let hasRestricting = false

  /**
   * Adds the groups that name a page of this path to `foundGroups`. An exact pattern decides for
   * its path alone.
   */
  function collect(foundGroups: RouteGroup[], routeQuery: Asked, group: RouteGroup): void {
    const { host, path } = routeQuery
    if (!group.pattern.prefix) return
    routeQuery.folded ??= foldPath(path)
    for (const index of foldedIndexes.list(host))
      addFound(foundGroups, index.find(routeQuery.folded), path)

    for (const index of writtenIndexes.list(host)) addFound(foundGroups, index.find(path), path)
  }

  /** The groups of all pages that an upstream may serve for a path. */
  function findPages(
    routeQuery: Asked,
    group: RouteGroup,
    route: CompiledRoute,
    findGroup: (routeQuery: Asked) => RouteGroup | undefined,
  ): RouteGroup[] {
    const { path, search } = routeQuery
    const foundGroups: RouteGroup[] = []
    collect(foundGroups, routeQuery, group)
    for (const pagePath of (route.upstream?.aliases ?? readAliases)(path, search)) {
      const aliasQuery: Asked = { ...routeQuery, path: pagePath }
      delete aliasQuery.folded
      const aliasGroup = findGroup(aliasQuery)
      if (aliasGroup === undefined) continue
      foundGroups.push(aliasGroup)
      collect(foundGroups, aliasQuery, aliasGroup)
    }

    return foundGroups
  }

  return {
    add(group) {
      if (!group.members.some((member) => restricts(member, opensCsrf))) return
      hasRestricting = true
      const { route } = group.members[0] as CompiledRoute
      const hasFolded = group.members.some(isFolded)
      const exactly = !hasFolded && group.members.some(({ route }) => route.caseSensitive)
      // A route that only limits matches as it is written, and its limits hold for every spelling.
      ;(exactly ? writtenIndexes : foldedIndexes)
        .ensure(route.host)
        .add(route.path, group, { direct: !hasFolded && !exactly })
    },
    strictest(routeQuery, group, route, findGroup) {
      if (!hasRestricting) return undefined
      const aliasGroups = new Set(findPages(routeQuery, group, route, findGroup))
      aliasGroups.delete(group)
      const stricter: CompiledRoute[] = []
      for (const { byMethod, members, allow } of aliasGroups) {
        const member = byMethod.get(routeQuery.method)
        if (member !== undefined && asksMore(member, route)) stricter.push(member)
        // The page itself would not take the method either.
        if (member === undefined && members.some((otherMember) => asksMore(otherMember, route))) {
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
function restricts({ route, access, csrf }: CompiledRoute, opensCsrf: boolean): boolean {
  const { throttle, limit, graphql, maxBodyBytes, contentTypes } = route
  const watches =
    isGuarded(access) || throttle !== undefined || graphql !== undefined || Boolean(limit)
  return (
    watches ||
    maxBodyBytes !== undefined ||
    contentTypes !== undefined ||
    (opensCsrf && csrf !== undefined)
  )
}

/** Skips patterns that cover the path itself: the order of the table has decided against them. */
function addFound(
  foundGroups: RouteGroup[],
  groups: readonly RouteGroup[],
  requestPath: string,
): void {
  for (const group of groups) if (!coversPath(group.pattern, requestPath)) foundGroups.push(group)
}

/** Indexes by the host that routes name. */
interface Indexes {
  ensure(host: string | undefined): AliasIndex<RouteGroup>
  /** Those that hold for the host of a request. */
  list(host: string): ReadonlyArray<AliasIndex<RouteGroup>>
}

function newIndexes(foldsPaths: boolean): Indexes {
  const anyHost = createAliasIndex<RouteGroup>(foldsPaths)
  const anyHostOnly = [anyHost]
  const hosts = new Map<string, AliasIndex<RouteGroup>>()

  return {
    ensure(host) {
      if (host === undefined) return anyHost
      const index = hosts.get(host) ?? createAliasIndex<RouteGroup>(foldsPaths)
      hosts.set(host, index)

      return index
    },
    list(host) {
      if (hosts.size === 0) return anyHostOnly
      const hostIndexes = [hosts.get(host), hosts.get(toWildcard(host))]
      return [anyHost, ...hostIndexes.filter((index) => index !== undefined)]
    },
  }
}
