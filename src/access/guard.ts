/**
 * Creates the guards of `access()` and `requireAccess()`. The guard of `access()` is a list of rules on paths: the
 * first rule that matches a request decides. It answers 403 to a request without a rule and 400 to a path that is not
 * canonical. The guard of `requireAccess()` is one rule for every path. `middleware.ts` and `portcullis()`
 * (`src/stack`) create guards and call them for each request; applications call `accessGuard` without Hono.
 *
 * Building a guard throws a `ConfigError` (`ERR_CONFIG`) for invalid rules. A guard returns the response of a
 * refused request. Where it reads a session, its promise rejects as the session store's does, and with a
 * `ConfigError` if no `session()` ran before.
 */
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
   * An exact path (`/account`) or a prefix (`/admin/*`, which also matches `/admin`), in canonical form. It is compared
   * with the whole path of the request, even if the app is mounted under a prefix. Unless `allow` is `'public'`, it
   * also matches spellings that some server treats as the same path: `/ADMIN/`, `/admin.`, `/admin%20`.
   */
  readonly path: string
  /** Methods in upper case; `GET` includes `HEAD`. Default: all. For other methods the next rules are tried. */
  readonly methods?: readonly string[]
  /** The access rule of the path. */
  readonly allow: AccessRule<Data>
}

/** Options of {@link accessGuard}. Absent = default. */
export interface AccessOptions<Data = object, C = AccessContext>
  extends AccessGuardOptions<Data, C> {
  /**
   * The rules. The first match decides, and a request without a match gets 403 (`no-rule`). A rule
   * that is not public also holds for aliases of its page (`/admin.json`, `/admin.php/x`), together
   * with the rule that matches the alias. A path that an exact rule matches has no aliases.
   */
  readonly rules: ReadonlyArray<PathRule<Data>>
  /**
   * Frameworks behind this guard, which serve a page under further paths: these are guarded like the page. Or a
   * function that lists the pages of a path. Default: the aliases that every server may have; see docs/access.md.
   */
  readonly aliases?: AliasName | AliasReader | ReadonlyArray<AliasName | AliasReader>
}

/**
 * A guard, whose checks without I/O can run before the session is read. Each check returns the response to a denied
 * request.
 */
export interface AccessGuard<C> {
  /** Checks path, method and address, without I/O. */
  byAddress(c: C): MaybeAnswer
  /** Checks the session, for rules that need one. {@link byAddress} must run first, since it denies paths without a rule. */
  bySession(c: C): MaybeAnswer
  /** Checks by address, then by session. */
  both(c: C): MaybeAnswer
  /** True if any rule needs a session. */
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

  const pathRules = compilePathRules((options as { rules?: unknown } | undefined)?.rules, issues)
  const findRuleByPath = compileRules(pathRules, checkAliases(options?.aliases, issues))
  const compiledRules = pathRules.map(({ allow }) => allow)
  const checks = compileAccessChecks('access', options, compiledRules, issues)
  const signIn = parseSignIn(options?.signIn, issues)

  if (signIn !== undefined && !issues.any) {
    const signInRule = findRuleByPath(signIn.split('?', 1)[0] ?? '', '', 'GET')
    if (signInRule?.allow.session !== false)
      issues.add(
        'signIn',
        'must match a rule that needs no session, or it would redirect to itself',
      )
  }

  issues.throwIfAny()

  function findRule({
    url: requestUrl,
    method,
  }: Request): Rule | { readonly reason: Reason; readonly path: string } {
    const canonical = canonicalPath(requestUrl)
    if (!canonical.ok)
      return {
        reason: canonical.reason,
        path: requestUrl.slice(hostEnd(requestUrl, hostStart(requestUrl))).split('?', 1)[0] ?? '',
      }

    return (
      findRuleByPath(canonical.path, canonical.search, method) ?? {
        reason: 'no-rule',
        path: canonical.path,
      }
    )
  }

  function checkRule(c: C, checkName: 'byAddress' | 'both'): MaybeAnswer {
    const match = findRule(c.req.raw)
    return 'reason' in match
      ? checks.refuse(match.reason, match.path, c)
      : checks[checkName](match.allow, match.path, c)
  }

  return {
    needsSession: compiledRules.some(({ session }) => session),
    both: (c) => checkRule(c, 'both'),
    byAddress: (c) => checkRule(c, 'byAddress'),
    bySession(c) {
      const match = findRule(c.req.raw)
      return 'reason' in match ? undefined : checks.bySession(match.allow, match.path, c)
    },
  }
}

function compilePathRules(rulesOption: unknown, issues: Issues): Rule[] {
  const pathRules: Rule[] = []
  if (!Array.isArray(rulesOption) || rulesOption.length === 0 || rulesOption.length > mostRules) {
    issues.add('rules', `must list 1 to ${mostRules} rules`)
    return pathRules
  }

  for (const [index, ruleInput] of rulesOption.entries()) {
    const ruleIssues = issues.at(`rules.${index}`)
    checkKeys(ruleIssues, ruleInput, ['path', 'methods', 'allow'])
    if (typeof ruleInput !== 'object' || ruleInput === null) continue

    const { path, methods, allow } = ruleInput as { [Key in keyof PathRule]?: unknown }
    if (allow === undefined) ruleIssues.add('allow', "is required; use 'public' to allow everybody")

    const compiledRule =
      allow === undefined ? denyEveryone : compileAccess(allow, ruleIssues.at('allow'))
    const methodNames = validateMethods(methods, ruleIssues)

    if (!isPathPattern(path)) {
      ruleIssues.add(
        'path',
        'must be an exact path (/login) or a prefix (/admin/*), in canonical form',
      )
      continue
    }

    const isFoldedRule = allow !== 'public'
    if (pathRules.some((earlier) => isShadowedBy(earlier, path, methodNames)))
      ruleIssues.add('path', 'is never reached: an earlier rule matches all its requests')

    pathRules.push({
      path,
      pattern: compilePathPattern(path, isFoldedRule),
      folded: isFoldedRule,
      methods: methodNames,
      allow: compiledRule,
    })
  }

  return pathRules
}

function isShadowedBy(
  earlier: Rule,
  path: string,
  methods: ReadonlySet<string> | undefined,
): boolean {
  if (!patternCovers(earlier.path, path, earlier.folded)) return false
  const { methods: earlierMethods } = earlier

  return (
    earlierMethods === undefined ||
    (methods !== undefined && [...methods].every((method) => earlierMethods.has(method)))
  )
}

function validateMethods(methodsOption: unknown, issues: Issues): ReadonlySet<string> | undefined {
  if (methodsOption === undefined) return undefined

  const isValid =
    Array.isArray(methodsOption) &&
    methodsOption.length > 0 &&
    methodsOption.every((methodName) => /^[A-Z][A-Z-]{0,31}$/.test(String(methodName)))
  if (!isValid) issues.add('methods', 'must be a list of methods in upper case')

  const methods = new Set<string>(isValid ? methodsOption : [])

  return methods.has('GET') ? methods.add('HEAD') : methods
}

/** Creates the guard of `requireAccess`, which applies one rule to every path. @throws {ConfigError} `ERR_CONFIG` */
export function createRuleGuard<C extends AccessContext>(
  optionName: string,
  rule: AccessRule<never>,
  options: AccessGuardOptions<never, C>,
): (c: C) => MaybeAnswer {
  const issues = createIssues(optionName)
  checkKeys(issues, options, guardKeys)

  const compiledRule = compileAccess(rule, issues.at('rule'))
  const checks = compileAccessChecks(optionName, options, [compiledRule], issues)
  parseSignIn(options?.signIn, issues)
  issues.throwIfAny()

  return (c) => checks.both(compiledRule, optionName, c)
}
