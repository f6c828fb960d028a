/** How an origin's answer proves that a login succeeded: rules and presets, judged while building. */
import { checkKeys, type Faults, nearest } from '../../options/index.ts'

/** One proof. All parts that are given must hold; at least one must be given. */
export interface SuccessRule {
  /** The status, or one of several. */
  readonly status?: number | readonly number[]
  /**
   * The path of a redirect's Location, resolved against the request, on the same origin; compared without case and without
   * a slash at the end. `'!/login'` is any path but that one.
   */
  readonly location?: string
  /** Name of a cookie that is set, not empty and not expired. With `*` at its end, what the name begins with. */
  readonly cookie?: string
  /** A header that is there; or its name and its value. */
  readonly header?: string | readonly [name: string, value: string]
  /** The path of a member (`user.active`) of a JSON answer and its value. Answers over 64 KB prove nothing. */
  readonly json?: readonly [path: string, value: string | number | boolean | null]
  /** The answer starts a session by the session protocol of the gateway, and the session was started. */
  readonly sessionStart?: true
}

/** What a framework's own login answers when it succeeds. */
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

const presets: Readonly<Record<SuccessPreset, SuccessRule>> = {
  /** A failed login shows the form again, with 200, and sets at most the csrf cookie. */
  django: { cookie: 'sessionid' },
  wordpress: { cookie: 'wordpress_logged_in_*' },
  keystone: { cookie: 'keystonejs-session' },
  /** Both outcomes redirect; a failure to the form. */
  express: { location: '!/login' },
  laravel: { location: '!/login' },
  /** A failure is 422 (Devise 4.9 with Turbo). */
  devise: { status: 303 },
  json: { status: 200 },
  portcullis: { sessionStart: true },
}

const known: ReadonlyArray<keyof SuccessRule> = ['status', 'location', 'cookie', 'header', 'json', 'sessionStart']

/** Judges the option `success`. */
export function judgeSuccess(given: unknown, faults: Faults): readonly SuccessRule[] {
  if (given === undefined) {
    faults.add('', 'is required: nothing but an answer that is known to mean success may clear what was counted')
    return []
  }
  const list: readonly unknown[] = Array.isArray(given) ? given : [given]
  if (list.length === 0) faults.add('', 'must hold at least one rule')
  return list.map((rule, i) => judgeRule(rule, Array.isArray(given) ? faults.under(`${i}`) : faults))
}

function judgeRule(given: unknown, faults: Faults): SuccessRule {
  if (typeof given === 'string') {
    if (Object.hasOwn(presets, given)) return presets[given as SuccessPreset]
    const meant = nearest(given, Object.keys(presets))
    faults.add('', meant ? `is no preset; did you mean ${meant}?` : `must be one of ${Object.keys(presets).join(', ')}`)
    return {}
  }
  checkKeys(faults, given, known)
  if (typeof given !== 'object' || given === null) return {}
  const rule = given as SuccessRule
  if (!known.some((part) => rule[part] !== undefined)) faults.add('', `must name one of ${known.join(', ')}`)
  const { status, location, cookie, header, json, sessionStart } = rule
  if (status !== undefined && ![status].flat().every(isFinalStatus)) {
    faults.add('status', 'must be a status from 200 to 599, or a list of them')
  }
  // A path as a browser would send it: what it is compared with comes out of URL.
  if (location !== undefined && !(typeof location === 'string' && /^!?\/[^?#\\]*$/.test(location))) {
    faults.add('location', "must be a path such as '/account', or '!/login' for any but that")
  }
  if (cookie !== undefined && !(typeof cookie === 'string' && /^[\w!#$%&'+\-.^`|~]+\*?$/.test(cookie))) {
    faults.add('cookie', 'must be the name of a cookie, perhaps with * at its end')
  }
  if (header !== undefined && !isHeader(header)) faults.add('header', 'must be a name, or a name and a value')
  if (json !== undefined && !isJsonRule(json)) {
    faults.add('json', 'must be a path and a value: text, a number, a boolean or null')
  }
  if (sessionStart !== undefined && sessionStart !== true) faults.add('sessionStart', 'must be true, or absent')
  return rule
}

function isFinalStatus(status: unknown): boolean {
  return Number.isInteger(status) && (status as number) >= 200 && (status as number) <= 599
}

function isHeader(given: unknown): boolean {
  const [name, value, ...more]: readonly unknown[] = Array.isArray(given) ? given : [given, '']
  return typeof name === 'string' && /^[\w-]{1,64}$/.test(name) && typeof value === 'string' && more.length === 0
}

function isJsonRule(given: unknown): boolean {
  if (!Array.isArray(given) || given.length !== 2) return false
  const [path, value] = given as unknown[]
  const plain = value === null || ['string', 'number', 'boolean'].includes(typeof value)
  return typeof path === 'string' && /^[^.]+(?:\.[^.]+)*$/.test(path) && plain
}
