/** Rules on who may pass: judged once while building, kept in the form requests need. */
import { booleanOption, checkKeys, type Issues, wholeNumber } from '../options/index.ts'
import { type AddressRange, parseRange } from '../request/address/range.ts'

/** A value that a claim can be compared with. */
export type ClaimValue = string | number | boolean

/** Says whether session data does. Only `true` lets pass: not a promise, not 1, and not what throws. */
export type ClaimCheck<Data> = { check(data: Data): boolean }['check']

/** Parts of a rule; all that are there must hold. `role`, `claim`, `acr`, `fresh` and `device` need a signed-in session themselves. */
export interface AccessMembers<Data = object> {
  /** true: signed in. A visitor's session, which no `start` made, is not. Default: only if another member needs it. */
  readonly session?: boolean
  /** One of these roles, as the option `roles` tells them from the session's data. */
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
  /** Seconds since `start`, at most; 1 to 34,560,000 (400 days). An imported session was started nobody knows when. */
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
  /** Client addresses that may pass; undefined: all. */
  readonly ranges?: readonly AddressRange[]
  /** One of these is needed; undefined: none is. */
  readonly roles?: ReadonlySet<string>
  /** Members of the session data, and the values of each that let pass. */
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

const keys: ReadonlyArray<keyof AccessMembers> = [
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
  const [first = denyEveryone, ...also] = [...new Set(rules)]
  if (also.length === 0) return first

  const ranges = first.ranges ?? also.find((rule) => rule.ranges !== undefined)?.ranges
  return {
    ...first,
    session: rules.some(({ session }) => session),
    ...(ranges && { ranges }),
    also,
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
export function compileAccess(value: unknown, issues: Issues): CompiledAccess {
  if (value === 'public') return { session: false }
  if (value === 'session') return { session: true }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    issues.add('', "must be 'public', 'session' or an object such as { role: 'admin' }")
    return denyEveryone
  }

  checkKeys(issues, value, keys)
  const { session, role, claim, address, acr, fresh, device } = value as {
    [Key in keyof AccessMembers]?: unknown
  }
  const signedIn = booleanOption(issues, 'session', session, false)
  const bound = device !== undefined && device !== false
  const needing = bound || [role, claim, acr, fresh].some((member) => member !== undefined)
  // An empty object is more likely a slip than a wish for everybody.
  if (!signedIn && !needing && address === undefined)
    issues.add('', "must hold a condition; for none say 'public'")
  if (session === false && needing)
    issues.add(
      'session',
      bound
        ? 'must not be false: device needs a session'
        : 'must not be false: role, claim, acr and fresh need a session',
    )
  const compiled: CompiledAccess = {
    session: signedIn || needing,
    ...(address !== undefined && { ranges: parseRanges(address, issues) }),
    ...(role !== undefined && {
      roles: new Set(parseList<string>(role, isNonEmptyText, 'a role', issues.at('role'))),
    }),
    ...(claim !== undefined && compileClaim(claim, issues.at('claim'))),
    ...(acr !== undefined && {
      contexts: new Set(parseList<string>(acr, isNonEmptyText, 'a context', issues.at('acr'))),
    }),
    ...(fresh !== undefined && {
      freshMs: wholeNumber(issues, 'fresh', fresh, 600, seconds) * 1000,
    }),
    ...(bound && parseDevice(device, issues.at('device'))),
  }

  return issues.any ? denyEveryone : compiled
}

function compileClaim(
  claim: unknown,
  issues: Issues,
): Pick<CompiledAccess, 'check'> | Pick<CompiledAccess, 'claims'> {
  return typeof claim === 'function'
    ? { check: claim as ClaimCheck<never> }
    : { claims: parseClaims(claim, issues) }
}

/** `true`, or how old the last proof may be. */
function parseDevice(value: unknown, issues: Issues): Pick<CompiledAccess, 'bound' | 'proofMs'> {
  if (value === true) return { bound: true }
  checkKeys(issues, value, ['proof'])
  const { proof } = Object(value) as { proof?: unknown }
  if (proof === undefined) issues.add('proof', 'is required: seconds since the last proof')
  const proofMs = wholeNumber(issues, 'proof', proof, 60, proofSeconds) * 1000
  return { bound: true, proofMs }
}

/** A proof takes a browser up to some seconds, and one that is an hour old proves little. */
const proofSeconds = { min: 10, max: 3600, unit: 'seconds' } as const
const seconds = { min: 1, max: 34_560_000, unit: 'seconds' } as const

function parseRanges(value: unknown, issues: Issues): AddressRange[] {
  const ranges: AddressRange[] = []
  if (!Array.isArray(value) || value.length === 0 || value.length > maxEntries) {
    issues.add('address', `must be a list of 1 to ${maxEntries} addresses or ranges`)
    return ranges
  }

  for (const [index, entry] of value.entries()) {
    const range = typeof entry === 'string' ? parseRange(entry) : undefined
    if (range) ranges.push(range)
    else
      issues.add(
        `address.${index}`,
        'must be an address or a range such as 10.0.0.0/8, with no bit set behind it',
      )
  }

  return ranges
}

function parseClaims(value: unknown, issues: Issues): Map<string, ReadonlySet<unknown>> {
  const claims = new Map<string, ReadonlySet<unknown>>()
  const entries =
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value)
      : []

  if (entries.length === 0)
    issues.add('', 'must be a function of the data, or an object of members and their values')
  for (const [name, values] of entries) {
    claims.set(
      name,
      new Set(parseList<ClaimValue>(values, isClaimValue, 'a value', issues.at(name))),
    )
  }

  return claims
}

/** Parses one item or a list of items. */
function parseList<T>(
  value: unknown,
  isItem: (item: unknown) => boolean,
  noun: string,
  issues: Issues,
): T[] {
  const list = Array.isArray(value) ? value : [value]
  if (list.length > 0 && list.length <= maxEntries && list.every(isItem)) return list

  issues.add('', `must be ${noun} or a list of 1 to ${maxEntries} of them`)
  return []
}

function isNonEmptyText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

/** NaN is equal to NaN in a Set, and to nothing else anywhere. */
function isClaimValue(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
}
