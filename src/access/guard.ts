/** A list of rules on paths: the first that fits decides, and what none fits is refused. */
import { createIssues, type Issues } from '../options/issues.ts'
import { checkKeys } from '../options/keys.ts'
import { type AliasReader, checkAliases } from '../request/aliases/aliases.ts'
import type { AliasName } from '../request/aliases/readings.ts'
import { hostEnd, hostStart } from '../request/origin.ts'
import { canonicalPath } from '../request/path/path.ts'
import { compilePathPattern, isPathPattern, patternCovers } from '../request/path/pattern.ts'
import { parseSignIn } from '../request/sign-in.ts'
import type { Reason } from '../types.ts'
import { compileRules, type Rule } from './lookup.ts'
import {
  type AccessContext,
  type AccessGuardOptions,
  compileAccessChecks,
  guardKeys,
  type MaybeAnswer,
} from './options.ts'
import { type AccessRule, compileAccess, denyEveryone } from './rule.ts'

/** The access rule of one path. */
export interface PathRule<Data = object> {
  /**
   * An exact path (`/account`) or a prefix (`/admin/*`, which is `/admin` too), in canonical form: the whole path of the
   * request, whatever an app is mounted under. Unless `allow` is `'public'` it fits every spelling that some server takes
   * for the same: `/ADMIN/`, `/admin.`, `/admin%20`.
   */
  readonly path: string
  /** In upper case; `GET` stands for `HEAD` too. Default: all. A method that is not listed goes on to the next rule. */
  readonly methods?: readonly string[]
  /** The access rule of the path. */
  readonly allow: AccessRule<Data>
}

/** Options of {@link accessGuard}. Absent = default. */
export interface AccessOptions<Data = object, C = AccessContext>
  extends AccessGuardOptions<Data, C> {
  /**
   * First match wins; what no rule fits is refused with 403 (`no-rule`). A rule that is not public also holds for the further
   * paths of its page (`/admin.json`, `/admin.php/x`), together with the rule that fits those; an exact path says itself
   * who may pass there.
   */
  readonly rules: ReadonlyArray<PathRule<Data>>
  /**
   * Frameworks behind this guard, whose further paths of a page are guarded as the page is, or a function that lists the pages
   * of a path. Default: what holds for all; see docs/access.md.
   */
  readonly aliases?: AliasName | AliasReader | ReadonlyArray<AliasName | AliasReader>
}

/** Two halves, so that what costs nothing can stand before what asks a store. */
export interface AccessGuard<C> {
  /** Judges path, method and address: no I/O. */
  byAddress(c: C): MaybeAnswer
  /** Judges the session, for rules that need one. Says nothing about what no rule fits: {@link byAddress} goes first. */
  bySession(c: C): MaybeAnswer
  /** Both, one after the other. */
  both(c: C): MaybeAnswer
  /** Whether any rule needs a session. */
  readonly needsSession: boolean
}

const mostRules = 1000

/**
 * Creates the guard behind `access()`, for code without Hono.
 *
 * @throws {ConfigError} `ERR_CONFIG`
 * @example
 * const guard = accessGuard({ rules: [{ path: '/admin/*', allow: { role: 'admin' } }], roles })
 */
export function accessGuard<C extends AccessContext>(
  options: AccessOptions<never, C>,
): AccessGuard<C> {
  const issues = createIssues('access')
  checkKeys(issues, options, ['rules', 'aliases', ...guardKeys])

  const rules = compilePathRules((options as { rules?: unknown } | undefined)?.rules, issues)
  const lookup = compileRules(rules, checkAliases(options?.aliases, issues))
  const allowed = rules.map(({ allow }) => allow)
  const judges = compileAccessChecks('access', options, allowed, issues)
  const signIn = parseSignIn(options?.signIn, issues)

  if (signIn !== undefined && !issues.any) {
    const rule = lookup(signIn.split('?', 1)[0] ?? '', '', 'GET')
    if (rule?.allow.session !== false)
      issues.add('signIn', 'must fit a rule without a session, or it leads to itself')
  }

  issues.throwIfAny()

  function findRule({
    url,
    method,
  }: Request): Rule | { readonly reason: Reason; readonly path: string } {
    const canonical = canonicalPath(url)
    if (!canonical.ok)
      return {
        reason: canonical.reason,
        path: url.slice(hostEnd(url, hostStart(url))).split('?', 1)[0] ?? '',
      }

    return (
      lookup(canonical.path, canonical.search, method) ?? {
        reason: 'no-rule',
        path: canonical.path,
      }
    )
  }

  function checkRule(c: C, by: 'byAddress' | 'both'): MaybeAnswer {
    const found = findRule(c.req.raw)
    return 'reason' in found
      ? judges.refuse(found.reason, found.path, c)
      : judges[by](found.allow, found.path, c)
  }

  return {
    needsSession: allowed.some(({ session }) => session),
    both: (c) => checkRule(c, 'both'),
    byAddress: (c) => checkRule(c, 'byAddress'),
    bySession(c) {
      const found = findRule(c.req.raw)
      return 'reason' in found ? undefined : judges.bySession(found.allow, found.path, c)
    },
  }
}

function compilePathRules(value: unknown, issues: Issues): Rule[] {
  const rules: Rule[] = []
  if (!Array.isArray(value) || value.length === 0 || value.length > mostRules) {
    issues.add('rules', `must list 1 to ${mostRules} rules`)
    return rules
  }

  for (const [index, rule] of value.entries()) {
    const at = issues.at(`rules.${index}`)
    checkKeys(at, rule, ['path', 'methods', 'allow'])
    if (typeof rule !== 'object' || rule === null) continue

    const { path, methods, allow } = rule as { [Key in keyof PathRule]?: unknown }
    if (allow === undefined) at.add('allow', "is required; for everybody say 'public'")

    const compiled = allow === undefined ? denyEveryone : compileAccess(allow, at.at('allow'))
    const taken = validateMethods(methods, at)

    if (!isPathPattern(path)) {
      at.add('path', 'must be an exact path (/login) or a prefix (/admin/*), in canonical form')
      continue
    }

    const folded = allow !== 'public'
    if (rules.some((earlier) => isShadowedBy(earlier, path, taken)))
      at.add('path', 'is never reached: an earlier rule fits it all')
    rules.push({
      path,
      pattern: compilePathPattern(path, folded),
      folded,
      methods: taken,
      allow: compiled,
    })
  }

  return rules
}

function isShadowedBy(
  earlier: Rule,
  path: string,
  methods: ReadonlySet<string> | undefined,
): boolean {
  if (!patternCovers(earlier.path, path, earlier.folded)) return false
  const { methods: before } = earlier

  return (
    before === undefined ||
    (methods !== undefined && [...methods].every((method) => before.has(method)))
  )
}

function validateMethods(value: unknown, issues: Issues): ReadonlySet<string> | undefined {
  if (value === undefined) return undefined

  const good =
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((one) => /^[A-Z][A-Z-]{0,31}$/.test(String(one)))
  if (!good) issues.add('methods', 'must be a list of methods in upper case')

  const methods = new Set<string>(good ? value : [])
  return methods.has('GET') ? methods.add('HEAD') : methods
}

/** The guard behind `requireAccess`: one rule, wherever it is mounted. @throws {ConfigError} `ERR_CONFIG` */
export function createRuleGuard<C extends AccessContext>(
  name: string,
  rule: AccessRule<never>,
  options: AccessGuardOptions<never, C>,
): (c: C) => MaybeAnswer {
  const issues = createIssues(name)
  checkKeys(issues, options, guardKeys)

  const compiled = compileAccess(rule, issues.at('rule'))
  const judges = compileAccessChecks(name, options, [compiled], issues)
  parseSignIn(options?.signIn, issues)
  issues.throwIfAny()

  return (c) => judges.both(compiled, name, c)
}
