/** Validates which routes are logins, and what proves that one succeeded. */
import { type Normalize, normalizeWordpressName } from '../../limit/throttle/account/account.ts'
import {
  type AccountReader,
  type AccountRule,
  createAccountReader,
} from '../../limit/throttle/account/read-account.ts'
import { matchesName } from '../../limit/throttle/login-request.ts'
import { createRuleWatch } from '../../limit/throttle/success/rule-watch.ts'
import { type CompiledSuccess, compileSuccess } from '../../limit/throttle/success/success-rules.ts'
import { checkKeys, type Issues, optionalFunction, wholeNumber } from '../../options/index.ts'
import { createNameCheck } from '../../parameters/index.ts'
import type { Emit } from '../../types.ts'
import type { Route } from '../routes/route.ts'
import type { RouteThrottle } from './types.ts'

const methodsWithBody: readonly string[] = ['POST', 'PUT', 'PATCH']
const accountKeys = ['form', 'json', 'optional', 'graphql', 'argument', 'maxTokens', 'session']
const accountKinds: readonly string[] = ['form', 'json', 'session', 'argument,graphql']
const tokenRange = { min: 1, max: 10_000, unit: 'tokens' } as const

/** How a route's logins are told, and what proves them. */
export interface LoginRules {
  /** Undefined where the session names the account. */
  readonly read: AccountReader | undefined
  readonly member: string | undefined
  readonly normalize: Normalize | undefined
  readonly success: CompiledSuccess
  /** Whether a cookie of this name may say who somebody is without a password. */
  readonly withholds: (name: string) => boolean
  /** Whether a cookie is called like the field of the account, which PHP's `$_REQUEST` may prefer to it. */
  readonly meansField: (name: string) => boolean
  readonly watch: (succeeded: boolean) => void
}

/** What all routes of a gateway share. */
interface LoginDefaults {
  readonly emit: Emit
  readonly normalize: Normalize | undefined
}

/** Validates the option `throttle` of a route. */
export function compileLogin(route: Route, defaults: LoginDefaults, at: Issues): LoginRules {
  checkKeys(at, route.throttle, ['account', 'success', 'normalize', 'withhold'])
  const { account, success } = (route.throttle ?? {}) as Partial<RouteThrottle>
  if (
    !Array.isArray(route.methods) ||
    !route.methods.every((method) => methodsWithBody.includes(method))
  ) {
    at.add('', `needs methods that carry a body, and no others: ${methodsWithBody.join(', ')}`)
  }
  const compiled = compileSuccess(success, at.at('success'))
  const { rules } = compiled
  if (rules.some(({ sessionStart }) => sessionStart) && !route.sessions?.includes('start')) {
    at.add('success', "is proven by sessionStart, so sessions must grant 'start'")
  }
  const rule = validateAccount(account, route.access, at.at('account'))
  // The client chooses what is selected and under which name, and the status is 200 either way.
  if (
    rule &&
    'graphql' in rule &&
    !rules.every(({ cookie, sessionStart }) => cookie ?? sessionStart)
  ) {
    at.add(
      'success',
      'must be proven by a cookie or by sessionStart where the account is read from GraphQL',
    )
  }
  const member = rule !== undefined && 'session' in rule ? rule.session : undefined
  const normalize =
    optionalFunction(at, 'normalize', route.throttle?.normalize) ??
    normalizerFor(success, defaults.normalize)
  return {
    read:
      rule === undefined || 'session' in rule
        ? undefined
        : createAccountReader(withDefaults(rule, success), normalize),
    member,
    normalize,
    success: compiled,
    withholds: compileWithheld(route.throttle?.withhold ?? compiled.withhold, at),
    meansField: rule !== undefined && 'form' in rule ? createNameCheck(rule.form) : () => false,
    watch: createRuleWatch(() =>
      defaults.emit({ type: 'throttle-rule-never-matches', subject: route.path }),
    ),
  }
}

/** Cookies by which the upstream would know somebody without a password. */
function compileWithheld(value: unknown, at: Issues): (name: string) => boolean {
  const isName = (name: unknown): boolean =>
    typeof name === 'string' && /^(?:\*?[^\s*=;,]{1,64}|[^\s*=;,]{1,64}\*)$/.test(name)
  if (!Array.isArray(value) || !value.every(isName)) {
    at.add('withhold', 'must be a list of names of cookies, perhaps with * at the end or beginning')
    return () => false
  }
  const wanted = value as readonly string[]
  return (name) => wanted.some((one) => matchesName(one, name))
}

/** WordPress takes lost passwords, registrations and passwords of posts at the address of its login. */
function withDefaults(rule: AccountRule, success: unknown): AccountRule {
  return 'form' in rule ? { optional: isWordpress(success), ...rule } : rule
}

function isWordpress(success: unknown): boolean {
  return [success].flat().includes('wordpress')
}

/** WordPress changes names before it looks them up. */
function normalizerFor(success: unknown, normalize: Normalize | undefined): Normalize | undefined {
  if (!isWordpress(success)) return normalize
  return normalize === undefined
    ? normalizeWordpressName
    : (text) => normalizeWordpressName(normalize(text))
}

function validateAccount(
  input: unknown,
  access: unknown,
  issues: Issues,
): RouteThrottle['account'] | undefined {
  if (input === undefined) {
    issues.add('', 'is required')
    return undefined
  }
  checkKeys(issues, input, accountKeys)
  if (typeof input !== 'object' || input === null) return undefined

  const entries = Object.entries(input).filter(([, value]) => value !== undefined)
  const kind = entries
    .map(([name]) => name)
    .filter((name) => name !== 'maxTokens' && name !== 'optional')
    .sort()
    .join()
  if (!accountKinds.includes(kind)) {
    issues.add('', 'must be one of { form }, { json }, { graphql, argument } and { session }')
    return undefined
  }

  const valid = entries.every(([option, value]) =>
    validateAccountMember(option, value, kind, issues),
  )
  if (!valid) return undefined
  if (kind === 'session' && access === 'public')
    issues.add('session', "must not stand on a route with access: 'public'")
  return input as RouteThrottle['account']
}

/** Whether a member names something that can be read. What else is wrong with it becomes an issue. */
function validateAccountMember(
  option: string,
  value: unknown,
  kind: string,
  issues: Issues,
): boolean {
  if (option === 'optional') {
    if (typeof value !== 'boolean') issues.add(option, 'must be true or false')
    if (kind !== 'form' && kind !== 'json') issues.add(option, 'must stand beside form or json')
    return true
  }
  if (option === 'maxTokens') {
    wholeNumber(issues, option, value as number, 1000, tokenRange)
    return true
  }

  const takesPath = option === 'json' || option === 'argument'
  const names: unknown[] = takesPath ? [value].flat() : [value]
  if (names.length > 0 && names.every(isMemberName)) return true
  issues.add(option, 'must be the name of a member, of at most 64 characters')
  return false
}

function isMemberName(name: unknown): boolean {
  return typeof name === 'string' && /^[^\s.].{0,63}$/.test(name)
}
