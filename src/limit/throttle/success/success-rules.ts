/**
 * Compiles how an origin's response proves that a login succeeded: rules and presets, validated
 * while building. The gateway's throttle calls it for each login route. An invalid rule is
 * reported as an issue.
 */
import { checkKeys, type Issues, nearestKey } from '../../../options/index.ts'

/** One proof. All parts that are given must hold; at least one must be given. */
export interface SuccessRule {
  /**
   * The status, or one of several. A redirect is no proof alone, since servers also redirect who is signed in already: it
   * needs `cookie`, `header`, `json` or `sessionStart` beside it.
   */
  readonly status?: number | readonly number[]
  /**
   * The path of a redirect's Location, resolved against the request, on the same origin, to which only a success leads;
   * compared without case and without a slash at the end. It needs another part beside it, as `status` does.
   */
  readonly location?: string
  /**
   * Name of a cookie that is set, not empty, not expired, and new: what the request sent already proves nothing. With `*` at
   * its end or beginning, what the name begins or ends with.
   */
  readonly cookie?: string
  /** A header that is there; or its name and its value. */
  readonly header?: string | readonly [name: string, value: string]
  /** The path of a member (`user.active`) of a JSON answer and its value. Answers over 64 KB prove nothing. */
  readonly json?: readonly [path: string, value: string | number | boolean | null]
  /** The answer starts a session by the session protocol of the gateway, and the session was started. */
  readonly sessionStart?: true
}

/** A rule as answers are held against it. */
export interface CompiledRule extends SuccessRule {
  /** A redirect on this origin to anything but a login page. Only where no client says where a failure leads. */
  readonly leavesLogin?: true
}

/** The proof of a login, and the fields that its upstream must not get. */
export interface CompiledSuccess {
  readonly rules: readonly CompiledRule[]
  /** Whether a redirect is part of a proof: then the client must have no say in where it leads. */
  readonly redirects: boolean
  /** Names of cookies that are withheld, by default. */
  readonly withhold: readonly string[]
}

/** The response of a framework's own login when it succeeds. */
export type SuccessPreset =
  | 'django'
  | 'wordpress'
  | 'keystone'
  | 'express'
  | 'laravel'
  | 'devise'
  | 'json'
  | 'portcullis'

/** Any of these proves it. There is no default: what is guessed wrongly lets every guess pass. */
export type Success = SuccessPreset | SuccessRule | ReadonlyArray<SuccessPreset | SuccessRule>

/** A rule, and cookies by which its framework would know somebody without a password. */
interface PresetRule {
  readonly rule: CompiledRule
  readonly withhold?: readonly string[]
}

const presets: Readonly<Record<SuccessPreset, PresetRule>> = {
  /**
   * A failure shows the form again, with 200; `login()` makes a new session key, and the view redirects. The cookie alone
   * proves nothing where a guest's first request starts a session, with a basket for example.
   */
  django: { rule: { leavesLogin: true, cookie: 'sessionid' } },
  /** `wp_signon` sets it where the password was right. */
  wordpress: { rule: { cookie: 'wordpress_logged_in_*' } },
  /** `sessionStrategy.start` sets it, which only a right password calls. */
  keystone: { rule: { cookie: 'keystonejs-session' } },
  /** Both outcomes redirect and may set the cookie; only a success leaves the form with a new one (passport regenerates it). */
  express: { rule: { leavesLogin: true, cookie: 'connect.sid' }, withhold: ['remember*'] },
  /**
   * Both outcomes redirect with a new cookie, and so does the middleware `guest` for who is signed in, whom Laravel must
   * therefore not find out about.
   */
  laravel: {
    rule: { leavesLogin: true, cookie: '*session' },
    withhold: ['*session', 'remember_*'],
  },
  /**
   * A failure is 422, and who is signed in is sent on with 302 (Devise 4.9, whose `redirect_status` is `see_other`).
   * Applications for Turbo also answer an invalid CSRF token or a lock with 303, back to the form.
   */
  devise: { rule: { status: 303, leavesLogin: true } },
  json: { rule: { status: 200 } },
  portcullis: { rule: { sessionStart: true } },
}

const known: ReadonlyArray<keyof SuccessRule> = [
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
    statuses.some((one) => Math.floor(Number(one) / 100) === 3)
  )
}

function compileRule(optionValue: unknown, issues: Issues): PresetRule {
  if (typeof optionValue === 'string') {
    if (Object.hasOwn(presets, optionValue)) return presets[optionValue as SuccessPreset]

    const meant = nearestKey(optionValue, Object.keys(presets))
    issues.add(
      '',
      meant
        ? `is no preset; did you mean ${meant}?`
        : `must be one of ${Object.keys(presets).join(', ')}`,
    )

    return { rule: {} }
  }

  checkKeys(issues, optionValue, known)
  if (typeof optionValue !== 'object' || optionValue === null) return { rule: {} }

  const rule = optionValue as SuccessRule
  if (!known.some((part) => rule[part] !== undefined))
    issues.add('', `must name one of ${known.join(', ')}`)

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
    issues.add('status', 'must be a status from 200 to 599, or a list of them')
  }

  if (location !== undefined) validateLocation(location, issues)
  if (cookie !== undefined) validateCookie(rule, issues)
  if (header !== undefined) validateHeader(header, issues)

  if (json !== undefined && !isJsonRule(json)) {
    issues.add('json', 'must be a path and a value: text, a number, a boolean or null')
  }

  if (sessionStart !== undefined && sessionStart !== true)
    issues.add('sessionStart', 'must be true, or absent')
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

  // A path as a browser would send it: what it is compared with comes out of URL.
  if (!(typeof location === 'string' && /^\/[^?#\\]*$/.test(location))) {
    issues.add('location', "must be a path such as '/account'")
  }
}

/** Cookies of anonymous sessions: servers set them with a failed login as well if the request had none. */
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
    issues.add('cookie', 'must be the name of a cookie, perhaps with * at its end or beginning')
    return
  }

  if (unrelatedCookie.test(cookie)) {
    issues.add('cookie', 'names a cookie that any answer may set; name the cookie of the session')
  }

  const alone = Object.values(others).every((part) => part === undefined)
  if (alone && cookie !== 'keystonejs-session' && anonymousCookie.test(cookie)) {
    issues.add(
      'cookie',
      'names a cookie that a failure may set, too; add location or status, as a success has them',
    )
  }
}

function validateHeader(header: unknown, issues: Issues): void {
  if (!isHeaderRule(header)) {
    issues.add('header', 'must be a name, or a name and a value')
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
