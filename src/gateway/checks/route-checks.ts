/**
 * Creates the checks of a request whose route is known: client address, WebSocket origin, csrf, body
 * and forwarding loops. `compile.ts` creates them once for each route. `phases/list.ts` runs them in
 * this order and creates them anew for a combined route; `handle-route.ts` calls that as the phase
 * `validateRequest`. A check returns a rejection or undefined. The checks write `upgrade`, `body` and
 * `hops` to the context, which forwarding reads. A body without Content-Length is not measured here:
 * reading it throws a `BodyError` once it is too long.
 */
import { type CompiledAccess, checkAddress } from '../../access/index.ts'
import { type CrossOriginPolicy, checkCrossOrigin, varyHeaders } from '../../csrf/index.ts'
import { maxHops, readHops } from '../../proxy/request-headers.ts'
import {
  type BodyRules,
  checkBody,
  isSafeMethod,
  isWebSocketUpgrade,
  mayHaveBody,
} from '../../request/index.ts'
import type { RequestRejecter } from '../reject.ts'
import type { RouteCheck } from './check.ts'

/** The options of the checks of a route. */
export interface RouteCheckOptions {
  readonly access: CompiledAccess
  /** The cross-origin policy; undefined if the route accepts requests from any origin. */
  readonly csrf?: CrossOriginPolicy | undefined
  readonly body: BodyRules
}

/** Creates the checks in the order in which they run. The order is that of `stack/order.ts`. */
export function createRouteChecks(
  { access, csrf, body }: RouteCheckOptions,
  reject: RequestRejecter,
): readonly RouteCheck[] {
  return [
    createAddressCheck(access, reject),
    createUpgradeCheck(csrf, reject),
    createCsrfCheck(csrf, reject),
    createBodyCheck(body, reject),
    createLoopCheck(reject),
  ].filter((check) => check !== undefined)
}

/** Rejects clients whose IP address is in none of the ranges of the route. */
function createAddressCheck(
  access: CompiledAccess,
  reject: RequestRejecter,
): RouteCheck | undefined {
  if (access.ranges === undefined) return undefined
  return function checkClientAddress(ctx) {
    const verdict = checkAddress(access, ctx.address)
    return verdict.ok ? undefined : reject(ctx, verdict.reason)
  }
}

/** Rejects WebSocket handshakes from other origins, and all of them where the client cannot forward a handshake. */
function createUpgradeCheck(
  csrf: CrossOriginPolicy | undefined,
  reject: RequestRejecter,
): RouteCheck {
  return function checkUpgrade(ctx) {
    ctx.upgrade = isWebSocketUpgrade(ctx.head)
    if (!ctx.upgrade) return undefined

    // Browsers always send Origin with a handshake. A client that sends none is no browser, so no other site can use
    // its cookies.
    const requestOrigin = ctx.head.headers.get('origin')
    const isTrusted =
      requestOrigin === null ||
      requestOrigin === ctx.settings.publicOrigin ||
      csrf?.trustedOrigins.has(requestOrigin) === true
    if (!isTrusted) return reject(ctx, 'cross-origin-upgrade')
    return ctx.client.upgrades ? undefined : reject(ctx, 'upgrade-unsupported')
  }
}

/** Rejects requests with which another site could change data, and reads that the option `isolation` forbids. */
function createCsrfCheck(
  csrf: CrossOriginPolicy | undefined,
  reject: RequestRejecter,
): RouteCheck | undefined {
  if (csrf === undefined) return undefined
  return function checkOrigin(ctx) {
    // Without the option `isolation` a read is allowed from any site.
    const isRead = isSafeMethod(ctx.head.method) && !ctx.upgrade
    if (isRead && csrf.isolation === undefined) return undefined
    const verdict = checkCrossOrigin(ctx.request, csrf, ctx.path, ctx.settings)
    if (verdict.ok) return undefined
    return reject(ctx, verdict.reason, [['Vary', varyHeaders(verdict.reason)]])
  }
}

/**
 * Rejects a body whose headers declare it too long, contradict each other, or name a type that the route does not
 * accept.
 */
function createBodyCheck(bodyRules: BodyRules, reject: RequestRejecter): RouteCheck {
  return function checkRequestBody(ctx) {
    const { method, headers } = ctx.head
    const body = mayHaveBody(method) ? ctx.request.body : null

    const verdict = checkBody({ method, headers, body }, bodyRules)
    if (!verdict.ok) return reject(ctx, verdict.reason)
    ctx.body = { body: verdict.body, length: verdict.length, maxBytes: bodyRules.maxBytes }

    return undefined
  }
}

/** Rejects a request that has passed too many gateways, which means that it goes round in a loop. */
function createLoopCheck(reject: RequestRejecter): RouteCheck {
  return function checkLoop(ctx) {
    ctx.hops = readHops(ctx.head.headers) + 1
    return ctx.hops > maxHops ? reject(ctx, 'upstream-loop') : undefined
  }
}
