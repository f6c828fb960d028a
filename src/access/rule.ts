/**
 * Compiles access rules: validates them once while building, and keeps them in the form that
 * requests need. The guard, the gateway's routes and its console call it. An invalid rule is
 * reported as an issue and denies every request.
 */
import { booleanOption, checkKeys, type Issues, parseWholeNumber } from '../options/index.ts'
import { type AddressRange, parseRange } from '../request/address/range.ts'

/** A value that a claim can be compared with. */
export type ClaimValue = string | number | boolean

/** Checks session data. Only `true` allows access: not a promise, not 1, and no exception. */
export type ClaimCheck<Data> = { check(data: Data): boolean }['check']

/** Parts of a rule; all that are there must hold. `role`, `claim`, `acr`, `fresh` and `device` need a signed-in session themselves. */
export interface AccessMembers<Data = object> {
  /** true: signed in. A visitor's session, which no `start` made, is not. Default: only if another member needs it. */
  readonly session?: boolean
  /** One of these roles. The option `roles` reads them from the session's data. */
  readonly role?: string | readonly string[]
  /**
   * Members of the session's data and the values they must have; of a list of values one will do. A member that is a list
   * itself has a value if one of its items is it. Or a function of the data, for anything else.
   */
  readonly claim?: Readonly<Record<string, ClaimValue | readonly ClaimValue[]>> | ClaimCheck<Data>
  /** Addresses and ranges in CIDR notation (RFC 4632): `['203.0.113.7', '10.0.0.0/8', '2001:db8::/32']`. */
  readonly address?: readonly string[]
  /**
   * One of these authentication contexts, as the identity provider named it at the login (`login.acr` of the
   * session's data): `'phr'`. For sessions of `portcullis/login`.
   */
  readonly acr?: string | readonly string[]
  /**
   * Seconds since `start`, at most; 1 to 34,560,000 (400 days). An imported session has no known
   * start and is denied.
   */
  readonly fresh?: number
  /**
   * true: the session is bound to the device that signed in, with the option `device` of sessions; browsers that cannot do it
   * are refused. `{ proof: 60 }`: the device also proved itself within so many seconds, 10 to 3,600; the browser is made to do
   * it and repeats its request by itself.
   */
  readonly device?: boolean | { readonly proof: number }
}

/** An access rule: everybody, signed-in users, or clients that match every member of an object. */
export type AccessRule<Data = object> = 'public' | 'session' | AccessMembers<Data>

/** A rule as requests use it. */
export interface CompiledAccess {
  /** Whether a signed-in session is needed: where it is not, none has to be opened. */
  readonly session: boolean
  /** Client addresses that are allowed; undefined: all. */
  readonly ranges?: readonly AddressRange[]
  /** One of these is needed; undefined: none is. */
  readonly roles?: ReadonlySet<string>
  /** Members of the session data, and the values of each that are allowed. */
  readonly claims?: ReadonlyMap<string, ReadonlySet<unknown>>
  /** The application's own word on a session; undefined: it has none. */
  readonly check?: ClaimCheck<never>
  /** One of these authentication contexts is needed; undefined: none is. */
  readonly contexts?: ReadonlySet<string>
  /** Milliseconds. */
  readonly freshMs?: number
  /** Whether the session must be bound to its device. */
  readonly bound?: boolean
  /** Milliseconds since the last proof of the device, at most. */
  readonly proofMs?: number
  /** Further rules that must hold, too. */
  readonly also?: readonly CompiledAccess[]
}

/** Entries of a list of addresses, roles or values; more belongs into a data base. */
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

/** Nobody: what stands for a rule with a fault, which is never served. */
export const denyEveryone: CompiledAccess = { session: true, roles: new Set() }

/**
 * Combines several rules to one that requires all of them.
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
  const signedIn = booleanOption(issues, 'session', session, false)
  const mustBeBound = device !== undefined && device !== false
  const needing = mustBeBound || [role, claim, acr, fresh].some((member) => member !== undefined)
  // An empty object is more likely a mistake than a public rule.
  if (!signedIn && !needing && address === undefined)
    issues.add('', "must contain a condition; for none say 'public'")

  if (session === false && needing)
    issues.add(
      'session',
      mustBeBound
        ? 'must not be false: device needs a session'
        : 'must not be false: role, claim, acr and fresh need a session',
    )

  const compiledAccess: CompiledAccess = {
    session: signedIn || needing,
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

/** Returns how old a login may be, in milliseconds. */
function parseFresh(freshOption: unknown, issues: Issues): number {
  return (parseWholeNumber(issues, 'fresh', freshOption, seconds) ?? 600) * 1000
}

/** Returns the rule of a device: `true`, or how old its last proof may be. */
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

/** A proof takes a browser up to some seconds, and one that is an hour old proves little. */
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
        'must be an address or a range such as 10.0.0.0/8, with no bit set behind it',
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

/** NaN is equal to NaN in a Set, and to nothing else anywhere. */
function isClaimValue(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
}
