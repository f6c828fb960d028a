/**
 * Validates and compiles the option `throttle` of a route: where a login request names its account, and what
 * in the response proves that the login succeeded. `create.ts` calls it for each such route while building,
 * and `login.ts` uses the compiled rules. Wrong options are reported as issues; the returned rules must not
 * be used then.
 */
import { type Normalize, normalizeWordpressName } from '../../limit/throttle/account/account.ts'
import {
  type AccountReader,
  type AccountRule,
  createAccountReader,
} from '../../limit/throttle/account/read-account.ts'
import { matchesName } from '../../limit/throttle/login-request.ts'
import { createRuleWatch } from '../../limit/throttle/success/rule-watch.ts'
import { type CompiledSuccess, compileSuccess } from '../../limit/throttle/success/success-rules.ts'
import { checkKeys, type Issues, optionalFunction, parseWholeNumber } from '../../options/index.ts'
import { createNameCheck } from '../../parameters/index.ts'
import type { Emit } from '../../types.ts'
import type { Route } from '../routes/route.ts'
import type { RouteThrottle } from './types.ts'

const methodsWithBody: readonly string[] = ['POST', 'PUT', 'PATCH']
const accountKeys = ['form', 'json', 'optional', 'graphql', 'argument', 'maxTokens', 'session']
const accountKinds: readonly string[] = ['form', 'json', 'session', 'argument,graphql']
const tokenRange = { min: 1, max: 10_000, unit: 'tokens' } as const

/** The compiled rules of a login route. */
export interface LoginRules {
  /** Reads the account from the request; undefined if the session names the account. */
  readonly read: AccountReader | undefined
  /** The member of the session that names the account; undefined if the request names it. */
  readonly member: string | undefined
  readonly normalize: Normalize | undefined
  readonly success: CompiledSuccess
  /** Whether a cookie of this name may identify the user without a password. */
  readonly withholds: (cookieName: string) => boolean
  /** Whether a cookie has the name of the account's form field: PHP's `$_REQUEST` may read it in place of the field. */
  readonly meansField: (cookieName: string) => boolean
  /** Records the result of an attempt, and emits an event if the success rules never match. */
  readonly watch: (hasSucceeded: boolean) => void
}

/** Options that all routes of a gateway share. */
interface LoginDefaults {
  readonly emit: Emit
  readonly normalize: Normalize | undefined
}

/** Validates and compiles the option `throttle` of a route. */
export function compileLogin(
  route: Route,
  defaults: LoginDefaults,
  throttleIssues: Issues,
): LoginRules {
  checkKeys(throttleIssues, route.throttle, ['account', 'success', 'normalize', 'withhold'])
  const { account, success } = (route.throttle ?? {}) as Partial<RouteThrottle>
  if (
    !Array.isArray(route.methods) ||
    !route.methods.every((method) => methodsWithBody.includes(method))
  ) {
    throttleIssues.add('', `needs only methods with a body: ${methodsWithBody.join(', ')}`)
  }

  const compiledSuccess = compileSuccess(success, throttleIssues.at('success'))
  const { rules: successRules } = compiledSuccess
  if (successRules.some(({ sessionStart }) => sessionStart) && !route.sessions?.includes('start')) {
    throttleIssues.add('success', "is proven by sessionStart, so sessions must grant 'start'")
  }

  const accountRule = validateAccount(account, route.access, throttleIssues.at('account'))
  // In GraphQL the client chooses the members of the response and their names, and a failure has the status 200 too.
  if (
    accountRule &&
    'graphql' in accountRule &&
    !successRules.every(({ cookie, sessionStart }) => cookie ?? sessionStart)
  ) {
    throttleIssues.add(
      'success',
      'must be proven by a cookie or by sessionStart where the account is read from GraphQL',
    )
  }

  const sessionMember =
    accountRule !== undefined && 'session' in accountRule ? accountRule.session : undefined
  const normalize =
    optionalFunction(throttleIssues, 'normalize', route.throttle?.normalize) ??
    normalizerFor(success, defaults.normalize)

  return {
    read:
      accountRule === undefined || 'session' in accountRule
        ? undefined
        : createAccountReader(withDefaults(accountRule, success), normalize),
    member: sessionMember,
    normalize,
    success: compiledSuccess,
    withholds: compileWithheld(
      route.throttle?.withhold ?? compiledSuccess.withhold,
      throttleIssues,
    ),
    meansField:
      accountRule !== undefined && 'form' in accountRule
        ? createNameCheck(accountRule.form)
        : () => false,
    watch: createRuleWatch(() =>
      defaults.emit({ type: 'throttle-rule-never-matches', subject: route.path }),
    ),
  }
}

/** Compiles the names of cookies that identify the user without a password. */
function compileWithheld(patterns: unknown, issues: Issues): (cookieName: string) => boolean {
  const isName = (cookieName: unknown): boolean =>
    typeof cookieName === 'string' && /^(?:\*?[^\s*=;,]{1,64}|[^\s*=;,]{1,64}\*)$/.test(cookieName)
  if (!Array.isArray(patterns) || !patterns.every(isName)) {
    issues.add('withhold', 'must be a list of cookie names, with an optional * at the start or end')
    return () => false
  }

  const withheldNames = patterns as readonly string[]

  return (cookieName) => withheldNames.some((withheldName) => matchesName(withheldName, cookieName))
}

/**
 * Makes the account optional for WordPress, which also handles lost passwords, registrations and passwords of posts at
 * the path of its login.
 */
function withDefaults(accountRule: AccountRule, success: unknown): AccountRule {
  return 'form' in accountRule ? { optional: isWordpress(success), ...accountRule } : accountRule
}

function isWordpress(success: unknown): boolean {
  return [success].flat().includes('wordpress')
}

/** Returns the function that normalizes account names. For WordPress it also applies the rules of WordPress. */
function normalizerFor(success: unknown, normalize: Normalize | undefined): Normalize | undefined {
  if (!isWordpress(success)) return normalize
  return normalize === undefined
    ? normalizeWordpressName
    : (accountName) => normalizeWordpressName(normalize(accountName))
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

  const entries = Object.entries(input).filter(([, optionValue]) => optionValue !== undefined)
  const accountKind = entries
    .map(([optionName]) => optionName)
    .filter((optionName) => optionName !== 'maxTokens' && optionName !== 'optional')
    .sort()
    .join()

  if (!accountKinds.includes(accountKind)) {
    issues.add('', 'must be one of { form }, { json }, { graphql, argument } and { session }')
    return undefined
  }

  const isValid = entries.every(([option, optionValue]) =>
    validateAccountMember(option, optionValue, accountKind, issues),
  )
  if (!isValid) return undefined
  if (accountKind === 'session' && access === 'public')
    issues.add('session', "needs a route whose access is not 'public'")

  return input as RouteThrottle['account']
}

/**
 * Validates one member of the option `account`. Returns false if it does not name a field; every problem becomes an
 * issue.
 */
function validateAccountMember(
  option: string,
  optionValue: unknown,
  accountKind: string,
  issues: Issues,
): boolean {
  if (option === 'optional') {
    if (typeof optionValue !== 'boolean') issues.add(option, 'must be true or false')
    if (accountKind !== 'form' && accountKind !== 'json')
      issues.add(option, 'needs the option form or json')

    return true
  }

  if (option === 'maxTokens') {
    parseWholeNumber(issues, option, optionValue as number, tokenRange)
    return true
  }

  const takesPath = option === 'json' || option === 'argument'
  const memberNames: unknown[] = takesPath ? [optionValue].flat() : [optionValue]
  if (memberNames.length > 0 && memberNames.every(isMemberName)) return true
  issues.add(option, 'must be a name of 1 to 64 characters that begins with no space or dot')

  return false
}

function isMemberName(memberName: unknown): boolean {
  return typeof memberName === 'string' && /^[^\s.].{0,63}$/.test(memberName)
}
