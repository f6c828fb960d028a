/**
 * Guards the aliases of a page: further paths under which a server serves the same page, such as
 * `/login.json`. If the path of a request may lead to a page that another route guards, the guards of both
 * routes hold. `table.ts` compiles the aliases once and calls `strictest` for each request. An alias that
 * neither the built-in rules nor the option `aliases` of the upstream knows is not guarded. A function in
 * that option may throw, which fails the request.
 */
import { type AliasIndex, createAliasIndex, foldPath, readAliases } from '../../request/index.ts'
import { coversPath } from '../../request/path/pattern.ts'
import { isFolded, isGuarded } from './guards.ts'
import { toWildcard } from './host-pattern.ts'
import { asksMore, strictestRoute } from './strictest.ts'
import type { CompiledRoute, RouteGroup, RouteMatch } from './table.ts'

/** The parts of a request by which its route is found. */
export interface Asked {
  readonly host: string
  readonly path: string
  readonly method: string
  readonly search: string
  /** The path in the form in which letter case and other spellings are ignored; computed when it is first needed. */
  folded?: string
}

/** The guarded routes of a table, indexed by the paths of their pages. */
export interface RouteAliases {
  /** Adds all routes that share a pattern. */
  add(group: RouteGroup): void
  /**
   * Combines the request's own route with the stricter routes of the page's other paths. It returns
   * undefined if there are none, as for nearly every request.
   */
  strictest(
    routeQuery: Asked,
    group: RouteGroup,
    route: CompiledRoute,
    findGroup: (routeQuery: Asked) => RouteGroup | undefined,
  ): RouteMatch | undefined
}

/** Creates the aliases of a route table. Routes are added to them by `add`. */
export function compileAliases(routes: readonly CompiledRoute[]): RouteAliases {
  const foldedIndexes = newIndexes(true)
  const writtenIndexes = newIndexes(false)
  const opensCsrf = routes.some(({ route }) => route.csrf !== undefined)
  let hasRestricting = false

  /**
   * Adds the groups whose page may be served for this path to `foundGroups`. A path that an exact
   * pattern matches has no aliases.
   */
  function collect(foundGroups: RouteGroup[], routeQuery: Asked, group: RouteGroup): void {
    const { host, path } = routeQuery
    if (!group.pattern.prefix) return
    routeQuery.folded ??= foldPath(path)
    for (const index of foldedIndexes.list(host))
      addFound(foundGroups, index.find(routeQuery.folded), path)

    for (const index of writtenIndexes.list(host)) addFound(foundGroups, index.find(path), path)
  }

  /** Lists the groups of all pages that an upstream may serve for a path. */
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
      // A route that only limits bodies or csrf matches paths as written, but its limits hold for every spelling of the
      // page.
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
        // The guarded page does not accept this method, so its alias must not accept it either.
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

/** Whether a route may deny or limit requests that another route allows. */
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

/**
 * Adds groups, except those whose pattern matches the path itself: an earlier route of the table has decided for that
 * path.
 */
function addFound(
  foundGroups: RouteGroup[],
  groups: readonly RouteGroup[],
  requestPath: string,
): void {
  for (const group of groups) if (!coversPath(group.pattern, requestPath)) foundGroups.push(group)
}

/** The indexes of aliases, one for each host that routes name. */
interface Indexes {
  /** Finds or creates the index of a host that a route names; undefined stands for any host. */
  ensure(host: string | undefined): AliasIndex<RouteGroup>
  /** Lists the indexes that apply to the host of a request. */
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
