/**
 * The checks of a request whose route is known: client address, WebSocket origin, csrf, body and
 * loops. `compile.ts` creates them from the options of each route, and `handle-route.ts` runs them
 * in this order. Each returns a rejection or undefined.
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
  /** Undefined where the route takes requests from any origin. */
  readonly csrf?: CrossOriginPolicy | undefined
  readonly body: BodyRules
}

/** Creates the checks in the order in which they run, which is that of `stack/order.ts`. */
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

/** Rejects WebSocket handshakes from other origins, and those that this runtime cannot hand over. */
function createUpgradeCheck(
  csrf: CrossOriginPolicy | undefined,
  reject: RequestRejecter,
): RouteCheck {
  return function checkUpgrade(ctx) {
    ctx.upgrade = isWebSocketUpgrade(ctx.head)
    if (!ctx.upgrade) return undefined

    // Browsers always send Origin with a handshake, and the cookies of the user with it. Other clients have no user's cookies.
    const requestOrigin = ctx.head.headers.get('origin')
    const isTrusted =
      requestOrigin === null ||
      requestOrigin === ctx.settings.publicOrigin ||
      csrf?.trustedOrigins.has(requestOrigin) === true
    if (!isTrusted) return reject(ctx, 'cross-origin-upgrade')
    return ctx.client.upgrades ? undefined : reject(ctx, 'upgrade-unsupported')
  }
}

/** Rejects requests by which another site could change something. */
function createCsrfCheck(
  csrf: CrossOriginPolicy | undefined,
  reject: RequestRejecter,
): RouteCheck | undefined {
  if (csrf === undefined) return undefined
  return function checkOrigin(ctx) {
    // A read that nothing isolates is allowed, whatever its headers are.
    const isRead = isSafeMethod(ctx.head.method) && !ctx.upgrade
    if (isRead && csrf.isolation === undefined) return undefined
    const verdict = checkCrossOrigin(ctx.request, csrf, ctx.path, ctx.settings)
    if (verdict.ok) return undefined
    return reject(ctx, verdict.reason, [['Vary', varyHeaders(verdict.reason)]])
  }
}

/** Rejects bodies that are declared too long, malformed or of a type that the route does not take. */
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

/** Rejects a request that came back to this gateway. */
function createLoopCheck(reject: RequestRejecter): RouteCheck {
  return function checkLoop(ctx) {
    ctx.hops = readHops(ctx.head.headers) + 1
    return ctx.hops > maxHops ? reject(ctx, 'upstream-loop') : undefined
  }
}
