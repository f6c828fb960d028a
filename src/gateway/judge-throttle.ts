/** Judges which routes are logins, and what proves that one succeeded. */
import { type ThrottleEngine, throttleEngine } from '../limit/throttle/engine.ts'
import { judgeThrottle, type LoginThrottleOptions, loginThrottleKeys } from '../limit/throttle/options.ts'
import { type AccountReader, type AccountRule, accountReader } from '../limit/throttle/read-account.ts'
import { ruleWatch } from '../limit/throttle/rule-watch.ts'
import { judgeSuccess, type Success, type SuccessRule } from '../limit/throttle/success-rules.ts'
import { checkKeys, type Faults, faults as newFaults } from '../options/index.ts'
import type { Clock, Emit } from '../types.ts'
import type { Route } from './route.ts'

/** What makes a route one on which passwords are tried. */
export interface RouteThrottle {
  /**
   * Where a request names the account: `{ form: 'email' }`, or `{ json: 'email' }` (`{ json: ['user', 'email'] }` further
   * down). One content type, one text; anything else is refused and charged to the address. `{ graphql: 'login',
   * argument: 'email' }`: whatever asks for this root field, once; other GraphQL requests pass. Or `{ session: 'user' }`, a
   * member of the session: for a second factor.
   */
  readonly account: AccountRule | { readonly session: string }
  /** What proves that the login succeeded. No default: everything else is a failure. */
  readonly success: Success
}

/** The same, as requests use it. */
export interface CompiledThrottle {
  /** Undefined where the session names the account. */
  readonly read: AccountReader | undefined
  readonly member: string | undefined
  readonly rules: readonly SuccessRule[]
  readonly watch: (succeeded: boolean) => void
}

/** What of the gateway it is judged by. */
export interface ThrottleSources {
  /** Whether the gateway has the option `throttle`. */
  readonly counted: boolean
  readonly emit: Emit
}

/** Judges the option `throttle` of a route. */
export function judgeRouteThrottle(
  route: Route,
  { counted, emit }: ThrottleSources,
  faults: Faults,
): CompiledThrottle | undefined {
  if (route.throttle === undefined) return undefined
  const at = faults.under('throttle')
  checkKeys(at, route.throttle, ['account', 'success'])
  const { account, success } = (route.throttle ?? {}) as Partial<RouteThrottle>
  if (!counted) at.add('', 'needs the option throttle of the gateway, which says where failures are counted')
  if (!Array.isArray(route.methods) || !route.methods.every((method) => bodied.includes(method))) {
    at.add('', `needs methods that carry a body, and no others: ${bodied.join(', ')}`)
  }
  const rules = judgeSuccess(success, at.under('success'))
  if (rules.some(({ sessionStart }) => sessionStart) && !route.sessions?.includes('start')) {
    at.add('success', "is proven by sessionStart, so sessions must grant 'start'")
  }
  const rule = judgeAccount(account, route.access, at.under('account'))
  // The client chooses what is selected and under which name, and the status is 200 either way.
  if (rule && 'graphql' in rule && !rules.every(({ cookie, sessionStart }) => cookie ?? sessionStart)) {
    at.add('success', 'must be proven by a cookie or by sessionStart where the account is read from GraphQL')
  }
  const member = rule !== undefined && 'session' in rule ? rule.session : undefined
  return {
    read: rule === undefined || 'session' in rule ? undefined : accountReader(rule),
    member,
    rules,
    watch: ruleWatch(() => emit({ type: 'throttle-rule-never-matches', subject: route.path })),
  }
}

const bodied: readonly string[] = ['POST', 'PUT', 'PATCH']

function judgeAccount(given: unknown, access: unknown, faults: Faults): RouteThrottle['account'] | undefined {
  if (given === undefined) {
    faults.add('', 'is required')
    return undefined
  }
  checkKeys(faults, given, ['form', 'json', 'graphql', 'argument', 'session'])
  if (typeof given !== 'object' || given === null) return undefined
  const entries = Object.entries(given as Record<string, unknown>).filter(([, value]) => value !== undefined)
  const kind = entries
    .map(([name]) => name)
    .sort()
    .join()
  if (!['form', 'json', 'session', 'argument,graphql'].includes(kind)) {
    faults.add('', 'must be one of { form }, { json }, { graphql, argument } and { session }')
    return undefined
  }
  for (const [option, names] of entries) {
    const list = option === 'json' || option === 'argument' ? [names].flat() : [names]
    if (list.length > 0 && list.every((name) => typeof name === 'string' && /^[^\s.].{0,63}$/.test(name))) continue
    faults.add(option, 'must be the name of a member, of at most 64 characters')
    return undefined
  }
  if (kind === 'session' && access === 'public')
    faults.add('session', "must not stand on a route with access: 'public'")
  return given as RouteThrottle['account']
}

/** Judges the option `throttle` of the gateway. */
export function judgeGatewayThrottle(
  given: LoginThrottleOptions<never> | undefined,
  { clock, emit }: { readonly clock: Clock; readonly emit: Emit },
  faults: Faults,
): ThrottleEngine | undefined {
  if (given === undefined) return undefined
  checkKeys(faults, given, loginThrottleKeys)
  return throttleEngine(judgeThrottle(given, clock, faults), clock, emit)
}

/** One check of several, with the faults of all. */
export function checkAll(parts: ReadonlyArray<{ check(env: unknown): void } | undefined>): (env: unknown) => void {
  return (env) => {
    const late = newFaults()
    for (const part of parts) {
      try {
        part?.check(env)
      } catch (error) {
        late.absorb(error)
      }
    }
    late.done()
  }
}
