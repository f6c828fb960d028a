/**
 * Converts option objects of helmet 8 into values of this library, for `preset: 'compat'`.
 * `presets.ts` calls it before options are compiled. It is pure and throws nothing: a value that it
 * does not recognize is left as it is and reported when the options are compiled.
 */
import type { HeaderOptions } from '../options.ts'

type Members = Readonly<Record<string, unknown>>

/** The options whose object has a single member with the value. */
const valueMembers: Readonly<Record<string, string>> = {
  crossOriginEmbedderPolicy: 'policy',
  crossOriginOpenerPolicy: 'policy',
  crossOriginResourcePolicy: 'policy',
  referrerPolicy: 'policy',
  xFrameOptions: 'action',
  xPermittedCrossDomainPolicies: 'permittedPolicies',
}

/**
 * Converts helmet's option objects. An empty object means `true`. Every other value is left as it
 * is and validated later.
 *
 * @param preset - helmet's defaults, over which directives and members are merged.
 */
export function fromHelmet(options: HeaderOptions, preset: HeaderOptions): HeaderOptions {
  const result: Record<string, unknown> = { ...options }
  for (const [name, member] of Object.entries(valueMembers)) {
    const input = result[name]
    if (!isPlain(input) || !Object.keys(input).every((optionName) => optionName === member))
      continue

    const optionValue = input[member]
    result[name] = optionValue === undefined ? true : readWord(name, optionValue)
  }

  const prefetch = result.xDnsPrefetchControl
  if (isPlain(prefetch) && Object.keys(prefetch).every((optionName) => optionName === 'allow')) {
    result.xDnsPrefetchControl = prefetch.allow ? 'on' : 'off'
  }

  const hsts = result.strictTransportSecurity
  if (isPlain(hsts)) result.strictTransportSecurity = { maxAge: 31_536_000, ...hsts }
  readPolicy(result, preset)

  return result as HeaderOptions
}

/** helmet accepts `same-origin` for SAMEORIGIN as well. */
function readWord(name: string, optionValue: unknown): unknown {
  const isAlias =
    name === 'xFrameOptions' &&
    typeof optionValue === 'string' &&
    optionValue.toLowerCase() === 'same-origin'
  return isAlias ? 'SAMEORIGIN' : optionValue
}

/** Converts `{ useDefaults, directives, reportOnly }`. Directives are merged over helmet's defaults; `null` removes one. */
function readPolicy(result: Record<string, unknown>, preset: HeaderOptions): void {
  const input = result.contentSecurityPolicy
  const knownKeys = ['useDefaults', 'directives', 'reportOnly']
  if (!isPlain(input) || !Object.keys(input).every((optionName) => knownKeys.includes(optionName)))
    return

  const { useDefaults = true, directives = {}, reportOnly = false } = input
  if (!isPlain(directives)) return

  const policy: Record<string, unknown> = useDefaults
    ? { ...(preset.contentSecurityPolicy as object) }
    : {}
  for (const [name, optionValue] of Object.entries(directives)) {
    const optionName = name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
    if (optionValue === null) delete policy[optionName]
    else
      policy[optionName] =
        optionName === 'upgradeInsecureRequests' && Array.isArray(optionValue) ? true : optionValue
  }

  result.contentSecurityPolicy = reportOnly ? false : policy
  if (reportOnly) result.contentSecurityPolicyReportOnly = policy
}

function isPlain(optionValue: unknown): optionValue is Members {
  return typeof optionValue === 'object' && optionValue !== null && !Array.isArray(optionValue)
}
