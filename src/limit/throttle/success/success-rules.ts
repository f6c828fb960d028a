/**
 * Compiles the option `success` of a login route: rules and presets that say by which response the
 * upstream confirms a correct password. The gateway's login throttle calls it for each login route
 * while it is built, and `success.ts` evaluates the compiled rules. It throws nothing itself: each
 * invalid rule, and each rule that a failed login could also meet, is added to the caller's list of
 * issues.
 */
import { checkKeys, type Issues, nearestKey } from '../../../options/index.ts'

/**
 * A rule that proves a success. All parts that are present must match, and at least one must be
 * present.
 */
export interface SuccessRule {
  /**
   * The status, or a list of which one must match. A redirect alone proves nothing, since servers
   * also redirect users who are already signed in: it needs `cookie`, `header`, `json` or
   * `sessionStart` as well.
   */
  readonly status?: number | readonly number[]
  /**
   * The path of a redirect's Location to which only a successful login leads. It is resolved
   * against the request's URL, must be on the same origin, and is compared without case and without
   * a slash at the end. It needs another part, as a redirect status does.
   */
  readonly location?: string
  /**
   * The name of a cookie that the response sets, not empty, not expired, and with a value that the
   * request did not send. A `*` at the end or the beginning matches any rest.
   */
  readonly cookie?: string
  /** The name of a header that the response has, or a name and its value. */
  readonly header?: string | readonly [name: string, value: string]
  /**
   * The path of a member (`user.active`) of a JSON response, and its value. Responses over 64 KB
   * prove nothing.
   */
  readonly json?: readonly [path: string, value: string | number | boolean | null]
  /**
   * The response starts a session by the gateway's session protocol, and the session was stored.
   */
  readonly sessionStart?: true
}

/** A rule that was validated, to be compared with responses. */
export interface CompiledRule extends SuccessRule {
  /**
   * The response redirects to a page of this origin that is no login page. Used only for frameworks
   * where a client cannot choose the redirect of a failure.
   */
  readonly leavesLogin?: true
}

/** The rules of a login route, and the cookies that its upstream must not receive. */
export interface CompiledSuccess {
  readonly rules: readonly CompiledRule[]
  /**
   * Whether a redirect is part of a rule. Then the gateway must keep the client from choosing where
   * it leads.
   */
  readonly redirects: boolean
  /** The names of cookies that are not forwarded to the upstream, from the presets. */
  readonly withhold: readonly string[]
}

/** A preset: how the login of a framework responds to a success. */
export type SuccessPreset =
  | 'django'
  | 'wordpress'
  | 'keystone'
  | 'express'
  | 'laravel'
  | 'devise'
  | 'json'
  | 'portcullis'

/**
 * One or several rules, of which any proves a success. There is no default, because a wrong guess
 * would let an attacker reset the count.
 */
export type Success = SuccessPreset | SuccessRule | ReadonlyArray<SuccessPreset | SuccessRule>

/** A rule, and the cookies by which its framework would recognize a user without a password. */
interface PresetRule {
  readonly rule: CompiledRule
  readonly withhold?: readonly string[]
}

const presets: Readonly<Record<SuccessPreset, PresetRule>> = {
  /**
   * A failure shows the form again, with 200. A success creates a new session key and redirects.
   * The cookie alone proves nothing where a guest's first request starts a session, for example
   * with a shopping basket.
   */
  django: { rule: { leavesLogin: true, cookie: 'sessionid' } },
  /** `wp_signon` sets this cookie only if the password was correct. */
  wordpress: { rule: { cookie: 'wordpress_logged_in_*' } },
  /** `sessionStrategy.start` sets this cookie and is called only after a correct password. */
  keystone: { rule: { cookie: 'keystonejs-session' } },
  /**
   * Both outcomes redirect and may set the cookie. Only a success redirects away from the form with
   * a new cookie, because passport regenerates the session.
   */
  express: { rule: { leavesLogin: true, cookie: 'connect.sid' }, withhold: ['remember*'] },
  /**
   * Both outcomes redirect with a new cookie, and so does the middleware `guest` for users who are
   * already signed in. Laravel must therefore not receive the cookies by which it recognizes them.
   */
  laravel: {
    rule: { leavesLogin: true, cookie: '*session' },
    withhold: ['*session', 'remember_*'],
  },
  /**
   * A failure is 422, and a user who is already signed in is redirected with 302 (Devise 4.9, whose
   * `redirect_status` is `see_other`). Applications for Turbo also respond to an invalid CSRF token
   * or a lock with 303, but back to the form.
   */
  devise: { rule: { status: 303, leavesLogin: true } },
  json: { rule: { status: 200 } },
  portcullis: { rule: { sessionStart: true } },
}

const ruleParts: ReadonlyArray<keyof SuccessRule> = [
  'status',
  'location',
  'cookie',
  'header',
  'json',
  'sessionStart',
]

/** Validates the option `success`. */
export function compileSuccess(optionValue: unknown, issues: Issues): CompiledSuccess {
  if (optionValue === undefined) {
    issues.add('', 'is required: only a response that proves success may reset the count')
    return { rules: [], redirects: false, withhold: [] }
  }

  const list: readonly unknown[] = Array.isArray(optionValue) ? optionValue : [optionValue]
  if (list.length === 0) issues.add('', 'must contain at least one rule')

  const compiled = list.map((rule, index) =>
    compileRule(rule, Array.isArray(optionValue) ? issues.at(`${index}`) : issues),
  )
  const rules = compiled.map(({ rule }) => rule)

  return {
    rules,
    redirects: rules.some(isRedirect),
    withhold: compiled.flatMap(({ withhold = [] }) => withhold),
  }
}

function isRedirect({ status, location, leavesLogin }: CompiledRule): boolean {
  const statuses: readonly unknown[] = status === undefined ? [] : [status].flat()
  return (
    leavesLogin === true ||
    location !== undefined ||
    statuses.some((code) => Math.floor(Number(code) / 100) === 3)
  )
}

function compileRule(optionValue: unknown, issues: Issues): PresetRule {
  if (typeof optionValue === 'string') {
    if (Object.hasOwn(presets, optionValue)) return presets[optionValue as SuccessPreset]

    const suggestion = nearestKey(optionValue, Object.keys(presets))
    issues.add(
      '',
      suggestion
        ? `is no preset; did you mean ${suggestion}?`
        : `must be one of ${Object.keys(presets).join(', ')}`,
    )

    return { rule: {} }
  }

  checkKeys(issues, optionValue, ruleParts)
  if (typeof optionValue !== 'object' || optionValue === null) return { rule: {} }

  const rule = optionValue as SuccessRule
  if (!ruleParts.some((part) => rule[part] !== undefined))
    issues.add('', `must name one of ${ruleParts.join(', ')}`)

  validateParts(rule, issues)
  const { location, cookie, header, json, sessionStart } = rule
  if (
    isRedirect(rule) &&
    [cookie, header, json, sessionStart].every((part) => part === undefined)
  ) {
    issues.add(
      location === undefined ? 'status' : 'location',
      'proves nothing alone, since servers also redirect who is signed in; ' +
        'add cookie, with the name of the session cookie',
    )
  }

  return { rule }
}

/** Validates each part of a rule on its own. */
function validateParts(rule: SuccessRule, issues: Issues): void {
  const { status, location, cookie, header, json, sessionStart } = rule
  if (status !== undefined && ![status].flat().every(isFinalStatus)) {
    issues.add('status', 'must be a number from 200 to 599, or a list of such numbers')
  }

  if (location !== undefined) validateLocation(location, issues)
  if (cookie !== undefined) validateCookie(rule, issues)
  if (header !== undefined) validateHeader(header, issues)

  if (json !== undefined && !isJsonRule(json)) {
    issues.add(
      'json',
      "must be a path and a value, such as ['ok', true]: text, a number, a boolean or null",
    )
  }

  if (sessionStart !== undefined && sessionStart !== true)
    issues.add('sessionStart', 'must be true, or left out')
}

function validateLocation(location: unknown, issues: Issues): void {
  if (typeof location === 'string' && location.startsWith('!')) {
    issues.add(
      'location',
      "must be the path to which only a successful login redirects, such as '/account': " +
        'clients can often choose the redirect of a failed one',
    )
    return
  }

  // The path must be written as the URL class normalizes it, because it is compared with such a
  // path.
  if (!(typeof location === 'string' && /^\/[^?#\\]*$/.test(location))) {
    issues.add('location', "must be a path such as '/account'")
  }
}

/**
 * Cookies of anonymous sessions: servers also set them with a failed login if the request had none.
 */
const anonymousCookie =
  /^(?:connect\.sid|phpsessid|jsessionid|asp\.net_sessionid|.*_session|.*-session)$/i
/** Cookies that do not identify a user. */
const unrelatedCookie = /csrf|xsrf|antiforgery|lang|locale|flash|messages/i

function validateCookie({ cookie, ...others }: SuccessRule, issues: Issues): void {
  if (
    !(
      typeof cookie === 'string' &&
      /^(?:\*?[\w!#$%&'+\-.^`|~]{1,256}|[\w!#$%&'+\-.^`|~]{1,256}\*)$/.test(cookie)
    )
  ) {
    issues.add('cookie', 'must be the name of a cookie, which may have a * at its end or beginning')
    return
  }

  if (unrelatedCookie.test(cookie)) {
    issues.add(
      'cookie',
      'names a cookie that any response may set; write the name of the session cookie instead',
    )
  }

  const alone = Object.values(others).every((part) => part === undefined)
  if (alone && cookie !== 'keystonejs-session' && anonymousCookie.test(cookie)) {
    issues.add(
      'cookie',
      'names a cookie that a failed login may set, too; add location or status of a success',
    )
  }
}

function validateHeader(header: unknown, issues: Issues): void {
  if (!isHeaderRule(header)) {
    issues.add(
      'header',
      "must be the name of a header, or a list of its name and its value such as ['x-login', 'ok']",
    )
    return
  }

  const name = `${[header].flat()[0]}`.toLowerCase()
  if (name === 'location' || name === 'set-cookie') {
    issues.add(
      'header',
      `must not be ${name}; use ${name === 'location' ? 'location' : 'cookie'} instead`,
    )
  }
}

function isFinalStatus(status: unknown): boolean {
  return Number.isInteger(status) && (status as number) >= 200 && (status as number) <= 599
}

function isHeaderRule(input: unknown): boolean {
  const [name, optionValue, ...more]: readonly unknown[] = Array.isArray(input)
    ? input
    : [input, '']
  return (
    typeof name === 'string' &&
    /^[\w-]{1,64}$/.test(name) &&
    typeof optionValue === 'string' &&
    more.length === 0
  )
}

function isJsonRule(input: unknown): boolean {
  if (!Array.isArray(input) || input.length !== 2) return false

  const [path, optionValue] = input as unknown[]
  const plain = optionValue === null || ['string', 'number', 'boolean'].includes(typeof optionValue)

  return typeof path === 'string' && /^[^.]+(?:\.[^.]+)*$/.test(path) && plain
}
