/** Converts option objects of helmet 8 into values of this module, for `preset: 'compat'`. */
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
    if (!isPlain(input) || !Object.keys(input).every((key) => key === member)) continue

    const value = input[member]
    converted[name] = value === undefined ? true : readWord(name, value)
  }

  const prefetch = converted.xDnsPrefetchControl
  if (isPlain(prefetch) && Object.keys(prefetch).every((key) => key === 'allow')) {
    converted.xDnsPrefetchControl = prefetch.allow ? 'on' : 'off'
  }

  const hsts = converted.strictTransportSecurity
  if (isPlain(hsts)) converted.strictTransportSecurity = { maxAge: 31_536_000, ...hsts }
  readPolicy(converted, preset)

  return converted as HeaderOptions
}

/** helmet accepts `same-origin` for SAMEORIGIN as well. */
function readWord(name: string, value: unknown): unknown {
  const isAlias =
    name === 'xFrameOptions' && typeof value === 'string' && value.toLowerCase() === 'same-origin'
  return isAlias ? 'SAMEORIGIN' : value
}

/** Converts `{ useDefaults, directives, reportOnly }`. Directives are merged over helmet's defaults; `null` removes one. */
function readPolicy(converted: Record<string, unknown>, preset: HeaderOptions): void {
  const input = converted.contentSecurityPolicy
  const knownKeys = ['useDefaults', 'directives', 'reportOnly']
  if (!isPlain(input) || !Object.keys(input).every((key) => knownKeys.includes(key))) return

  const { useDefaults = true, directives = {}, reportOnly = false } = input
  if (!isPlain(directives)) return

  const policy: Record<string, unknown> = useDefaults
    ? { ...(preset.contentSecurityPolicy as object) }
    : {}
  for (const [name, value] of Object.entries(directives)) {
    const key = name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
    if (value === null) delete policy[key]
    else policy[key] = key === 'upgradeInsecureRequests' && Array.isArray(value) ? true : value
  }

  converted.contentSecurityPolicy = reportOnly ? false : policy
  if (reportOnly) converted.contentSecurityPolicyReportOnly = policy
}

function isPlain(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
