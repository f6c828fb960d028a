/**
 * Finds the access rule for a path: the first rule that matches, combined with the rules that guard the same
 * page under another path. `guard.ts` compiles the rules once and looks up each request. A path that no rule
 * matches gives undefined, and the guard denies it. An alias that `readAliases` does not know is not guarded.
 * It throws only if a function of the option `aliases` does.
 */
import { createAliasIndex } from '../request/aliases/alias-index.ts'
import type { AliasReader } from '../request/aliases/aliases.ts'
import { foldPath } from '../request/path/compare-path.ts'
import { coversPath, type PathPattern } from '../request/path/pattern.ts'
import { type CompiledAccess, combineAccess } from './rule.ts'

/** A compiled rule on a path. */
export interface Rule {
  readonly path: string
  readonly pattern: PathPattern
  /** True if the rule also matches other spellings of its path. Only a public rule matches the written path alone. */
  readonly folded: boolean
  readonly methods: ReadonlySet<string> | undefined
  readonly allow: CompiledAccess
}

/** Finds the rule for a canonical path, its query with the `?`, and a method; undefined if no rule matches. */
export type RuleLookup = (path: string, search: string, method: string) => Rule | undefined

/** Creates the look-up in a list of rules. `readAliases` lists the pages that a server may serve for a path. */
export function compileRules(rules: readonly Rule[], readAliases: AliasReader): RuleLookup {
  const aliases = createAliasIndex<Rule>(true)
  for (const rule of rules) if (rule.folded) aliases.add(rule.path, rule)

  function collect(foundRules: Rule[], path: string, method: string, rule: Rule): void {
    // A path that an exact pattern matches has no aliases.
    if (!rule.pattern.prefix) return
    for (const aliasRule of aliases.find(foldPath(path)))
      if (takesMethod(aliasRule, method)) foundRules.push(aliasRule)
  }

  return (path, search, method) => {
    const rule = findRule(rules, path, method)
    if (rule === undefined) return undefined

    const foundRules: Rule[] = []
    collect(foundRules, path, method, rule)

    for (const page of readAliases(path, search)) {
      const pageRule = findRule(rules, page, method)
      if (pageRule === undefined) continue

      foundRules.push(pageRule)
      collect(foundRules, page, method, pageRule)
    }

    const guardRules = foundRules.filter((foundRule) => foundRule !== rule && foundRule.folded)
    const [firstGuard] = guardRules
    if (firstGuard === undefined) return rule

    return {
      ...rule,
      path: firstGuard.path,
      allow: combineAccess([rule.allow, ...guardRules.map(({ allow }) => allow)]),
    }
  }
}

function findRule(rules: readonly Rule[], path: string, method: string): Rule | undefined {
  let foldedPath: string | undefined
  return rules.find((rule) => {
    if (!takesMethod(rule, method)) return false
    if (!rule.folded) return coversPath(rule.pattern, path)

    foldedPath ??= foldPath(path)

    return coversPath(rule.pattern, foldedPath)
  })
}

function takesMethod({ methods }: Rule, method: string): boolean {
  return methods === undefined || methods.has(method)
}
