/**
 * Finds the rule of a path: the first that matches, together with those that guard the same page
 * under another path. `guard.ts` compiles the rules once and looks up each request. A path that is
 * served as another page must satisfy the rules of both; a path that no rule matches gives
 * undefined.
 */
import { createAliasIndex } from '../request/aliases/alias-index.ts'
import type { AliasReader } from '../request/aliases/aliases.ts'
import { foldPath } from '../request/path/compare-path.ts'
import { coversPath, type PathPattern } from '../request/path/pattern.ts'
import { type CompiledAccess, combineAccess } from './rule.ts'

/** A rule on a path, as requests use it. */
export interface Rule {
  readonly path: string
  readonly pattern: PathPattern
  /** Public rules fit what is written, guards every spelling: too much is guarded, never too little. */
  readonly folded: boolean
  readonly methods: ReadonlySet<string> | undefined
  readonly allow: CompiledAccess
}

/** Finds what holds for a canonical path, its query with the `?`, and a method; undefined where no rule fits. */
export type RuleLookup = (path: string, search: string, method: string) => Rule | undefined

/** Makes the look-up of a list of rules. `readAliases` reads a path as the pages that are served for it. */
export function compileRules(rules: readonly Rule[], readAliases: AliasReader): RuleLookup {
  const aliases = createAliasIndex<Rule>(true)
  for (const rule of rules) if (rule.folded) aliases.add(rule.path, rule)

  function collect(foundRules: Rule[], path: string, method: string, rule: Rule): void {
    // An exact path decides for itself alone.
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
