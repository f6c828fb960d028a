/**
 * Validates access rules and compiles them into the form that the checks need. The guards of `access()`, the
 * routes and the console of the gateway, the login, and applications call it while building. An invalid rule
 * adds issues and becomes a rule that denies every request, so that a caller who ignores the issues does not
 * open a page. At most 1,000 entries are allowed in a list.
 */
import { booleanOption, checkKeys, type Issues, parseWholeNumber } from '../options/index.ts'
import { type AddressRange, parseRange } from '../request/address/range.ts'

/** A value that a claim can be compared with. */
export type ClaimValue = string | number | boolean

/** Checks session data. Only the result `true` allows access; a promise, 1 or an exception denies it. */
export type ClaimCheck<Data> = { check(data: Data): boolean }['check']

/**
 * Members of a rule, all of which must hold. `role`, `claim`, `acr`, `fresh` and `device` also need a signed-in
 * session.
 */
export interface AccessMembers<Data = object> {
  /**
   * `true`: the client must be signed in. The session of a visitor, which was not started by `start`, does not count.
   * Default: only needed if another member needs it.
   */
  readonly session?: boolean
  /** The session must have one of these roles. The option `roles` reads them from the session's data. */
  readonly role?: string | readonly string[]
  /**
   * Members of the session's data and the values that they must have: one value, or one of a list. A member that is a
   * list itself must contain one of the values. A function of the data may check anything else.
   */
  readonly claim?: Readonly<Record<string, ClaimValue | readonly ClaimValue[]>> | ClaimCheck<Data>
  /**
   * IP addresses and ranges in CIDR notation (RFC 4632) of clients: `['203.0.113.7', '10.0.0.0/8', '2001:db8::/32']`.
   */
  readonly address?: readonly string[]
  /**
   * The identity provider must have named one of these authentication contexts at the login, such as `'phr'`
   * (`login.acr` of the session's data). For sessions of `portcullis/login`.
   */
  readonly acr?: string | readonly string[]
  /**
   * Maximum seconds since `start`, from 1 to 34,560,000 (400 days). An imported session has no known
   * start and is denied.
   */
  readonly fresh?: number
  /**
   * `true`: the session must be bound to the device that signed in, by the option `device` of sessions. Browsers that
   * do not support that are denied. `{ proof: 60 }`: the device must also have proved that it has its key within this
   * number of seconds, 10 to 3,600. If the proof is older, the browser is made to prove it again and repeats its
   * request by itself.
   */
  readonly device?: boolean | { readonly proof: number }
}

/** An access rule: everybody, signed-in users, or clients that match every member of an object. */
export type AccessRule<Data = object> = 'public' | 'session' | AccessMembers<Data>

/** A compiled rule. An undefined member is no condition. */
export interface CompiledAccess {
  /** True if a signed-in session is needed. Otherwise no session has to be opened. */
  readonly session: boolean
  /** Client addresses that are allowed. */
  readonly ranges?: readonly AddressRange[]
  /** Roles, of which the session must have one. */
  readonly roles?: ReadonlySet<string>
  /** Members of the session data, and the values of each that are allowed. */
  readonly claims?: ReadonlyMap<string, ReadonlySet<unknown>>
  /** The application's function that checks the session data. */
  readonly check?: ClaimCheck<never>
  /** Authentication contexts, of which the login must have reached one. */
  readonly contexts?: ReadonlySet<string>
  /** Maximum milliseconds since the login. */
  readonly freshMs?: number
  /** True if the session must be bound to its device. */
  readonly bound?: boolean
  /** Maximum milliseconds since the last proof of the device. */
  readonly proofMs?: number
  /** Further rules, all of which must hold too. */
  readonly also?: readonly CompiledAccess[]
}

/** Maximum number of entries in a list of addresses, roles or values. Longer lists belong in a database. */
const maxEntries = 1000

const ruleKeys: ReadonlyArray<keyof AccessMembers> = [
  'session',
  'role',
  'claim',
  'address',
  'acr',
  'fresh',
  'device',
]

/** A rule that denies every request. It takes the place of an invalid rule. */
export const denyEveryone: CompiledAccess = { session: true, roles: new Set() }

/**
 * Combines several rules into one that requires all of them.
 *
 * @example
 * const rule = combineAccess([compileAccess('session', issues), compileAccess({ role: 'admin' }, issues)])
 */
export function combineAccess(rules: readonly CompiledAccess[]): CompiledAccess {
  const [firstRule = denyEveryone, ...otherRules] = [...new Set(rules)]
  if (otherRules.length === 0) return firstRule

  const anyRanges =
    firstRule.ranges ?? otherRules.find((otherRule) => otherRule.ranges !== undefined)?.ranges

  return {
    ...firstRule,
    session: rules.some(({ session }) => session),
    ...(anyRanges && { ranges: anyRanges }),
    also: otherRules,
  }
}

/**
 * Validates a rule. An invalid rule adds issues and returns a rule that denies every request.
 *
 * @example
 * const issues = createIssues('access')
 * const rule = compileAccess({ role: 'admin' }, issues)
 * issues.throwIfAny()
 */
export function compileAccess(accessOption: unknown, issues: Issues): CompiledAccess {
  if (accessOption === 'public') return { session: false }
  if (accessOption === 'session') return { session: true }
  if (typeof accessOption !== 'object' || accessOption === null || Array.isArray(accessOption)) {
    issues.add('', "must be 'public', 'session' or an object such as { role: 'admin' }")
    return denyEveryone
  }

  checkKeys(issues, accessOption, ruleKeys)
  const { session, role, claim, address, acr, fresh, device } = accessOption as {
    [Key in keyof AccessMembers]?: unknown
  }
  const mustBeSignedIn = booleanOption(issues, 'session', session, false)
  const mustBeBound = device !== undefined && device !== false
  const needsSession =
    mustBeBound || [role, claim, acr, fresh].some((member) => member !== undefined)
  // An empty object is more likely a mistake than a public rule.
  if (!mustBeSignedIn && !needsSession && address === undefined)
    issues.add('', "must contain a condition; use 'public' to allow everybody")

  if (session === false && needsSession)
    issues.add(
      'session',
      mustBeBound
        ? 'must not be false: device needs a session'
        : 'must not be false: role, claim, acr and fresh need a session',
    )

  const compiledAccess: CompiledAccess = {
    session: mustBeSignedIn || needsSession,
    ...(address !== undefined && { ranges: parseRanges(address, issues) }),
    ...(role !== undefined && {
      roles: new Set(parseList<string>(role, isNonEmptyText, 'a role', issues.at('role'))),
    }),
    ...(claim !== undefined && compileClaim(claim, issues.at('claim'))),
    ...(acr !== undefined && {
      contexts: new Set(parseList<string>(acr, isNonEmptyText, 'a context', issues.at('acr'))),
    }),
    ...(fresh !== undefined && { freshMs: parseFresh(fresh, issues) }),
    ...(mustBeBound && parseDevice(device, issues.at('device'))),
  }

  return issues.any ? denyEveryone : compiledAccess
}

function compileClaim(
  claim: unknown,
  issues: Issues,
): Pick<CompiledAccess, 'check'> | Pick<CompiledAccess, 'claims'> {
  return typeof claim === 'function'
    ? { check: claim as ClaimCheck<never> }
    : { claims: parseClaims(claim, issues) }
}

/** Parses the maximum age of a login, and returns it in milliseconds. */
function parseFresh(freshOption: unknown, issues: Issues): number {
  return (parseWholeNumber(issues, 'fresh', freshOption, seconds) ?? 600) * 1000
}

/** Parses the option `device`: `true`, or an object with the maximum age of the last proof. */
function parseDevice(
  deviceOption: unknown,
  issues: Issues,
): Pick<CompiledAccess, 'bound' | 'proofMs'> {
  if (deviceOption === true) return { bound: true }
  checkKeys(issues, deviceOption, ['proof'])
  const { proof: proofOption } = Object(deviceOption) as { proof?: unknown }
  if (proofOption === undefined) issues.add('proof', 'is required: seconds since the last proof')
  const proofMs = (parseWholeNumber(issues, 'proof', proofOption, proofSeconds) ?? 60) * 1000

  return { bound: true, proofMs }
}

/**
 * Bounds of the age of a proof. A new proof takes a browser some seconds, and a proof of an hour ago is worth little.
 */
const proofSeconds = { min: 10, max: 3600, unit: 'seconds' } as const
const seconds = { min: 1, max: 34_560_000, unit: 'seconds' } as const

function parseRanges(addressOption: unknown, issues: Issues): AddressRange[] {
  const addressRanges: AddressRange[] = []
  if (
    !Array.isArray(addressOption) ||
    addressOption.length === 0 ||
    addressOption.length > maxEntries
  ) {
    issues.add('address', `must be a list of 1 to ${maxEntries} addresses or ranges`)
    return addressRanges
  }

  for (const [index, rangeText] of addressOption.entries()) {
    const addressRange = typeof rangeText === 'string' ? parseRange(rangeText) : undefined
    if (addressRange) addressRanges.push(addressRange)
    else
      issues.add(
        `address.${index}`,
        'must be an IP address or a range such as 10.0.0.0/8 (10.0.0.1/8 is not a range)',
      )
  }

  return addressRanges
}

function parseClaims(claimsOption: unknown, issues: Issues): Map<string, ReadonlySet<unknown>> {
  const claims = new Map<string, ReadonlySet<unknown>>()
  const entries =
    typeof claimsOption === 'object' && claimsOption !== null && !Array.isArray(claimsOption)
      ? Object.entries(claimsOption)
      : []

  if (entries.length === 0)
    issues.add('', 'must be a function of the data, or an object of members and their values')

  for (const [claimName, claimValues] of entries) {
    claims.set(
      claimName,
      new Set(parseList<ClaimValue>(claimValues, isClaimValue, 'a value', issues.at(claimName))),
    )
  }

  return claims
}

/** Parses one item or a list of items. */
function parseList<T>(
  value: unknown,
  isItem: (item: unknown) => boolean,
  itemName: string,
  issues: Issues,
): T[] {
  const itemList = Array.isArray(value) ? value : [value]
  if (itemList.length > 0 && itemList.length <= maxEntries && itemList.every(isItem))
    return itemList

  issues.add('', `must be ${itemName} or a list of 1 to ${maxEntries} of them`)

  return []
}

function isNonEmptyText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

/** NaN is rejected, since a Set would find it equal to NaN. */
function isClaimValue(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
}
