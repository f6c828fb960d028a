/**
 * Converts option objects of helmet 8 into values of this module, for `preset: 'compat'`.
 * `presets.ts` calls it. A value that it does not know is left as it is and validated later.
 */
import type { HeaderOptions } from '../options.ts'

type Members = Readonly<Record<string, unknown>>

/** Options whose object has one member, which holds the value. */
const valueMembers: Readonly<Record<string, string>> = {
  crossOriginEmbedderPolicy: 'policy',
  crossOriginOpenerPolicy: 'policy',
  crossOriginResourcePolicy: 'policy',
  referrerPolicy: 'policy',
  xFrameOptions: 'action',
  xPermittedCrossDomainPolicies: 'permittedPolicies',
}

/**
 * Converts helmet's objects. Every other value is left as it is and validated later. An empty object is `true`.
 *
 * @param preset - helmet's defaults, over which directives and members are merged.
 */
export function fromHelmet(options: HeaderOptions, preset: HeaderOptions): HeaderOptions {
  const converted: Record<string, unknown> = { ...options }
  for (const [name, member] of Object.entries(valueMembers)) {
    const input = converted[name]
    if (!isPlain(input) || !Object.keys(input).every((optionName) => optionName === member))
      continue

    const optionValue = input[member]
    converted[name] = optionValue === undefined ? true : readWord(name, optionValue)
  }

  const prefetch = converted.xDnsPrefetchControl
  if (isPlain(prefetch) && Object.keys(prefetch).every((optionName) => optionName === 'allow')) {
    converted.xDnsPrefetchControl = prefetch.allow ? 'on' : 'off'
  }

  const hsts = converted.strictTransportSecurity
  if (isPlain(hsts)) converted.strictTransportSecurity = { maxAge: 31_536_000, ...hsts }
  readPolicy(converted, preset)

  return converted as HeaderOptions
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
function readPolicy(converted: Record<string, unknown>, preset: HeaderOptions): void {
  const input = converted.contentSecurityPolicy
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

  converted.contentSecurityPolicy = reportOnly ? false : policy
  if (reportOnly) converted.contentSecurityPolicyReportOnly = policy
}

function isPlain(optionValue: unknown): optionValue is Members {
  return typeof optionValue === 'object' && optionValue !== null && !Array.isArray(optionValue)
}
