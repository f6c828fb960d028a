/** The objects by which helmet 8 is told what its headers say, for those who come from there with `preset: 'compat'`. */
import type { HeaderOptions } from './options.ts'

type Members = Readonly<Record<string, unknown>>

/** The one member of an object that says the value, and what stands for none. */
const single: Readonly<Record<string, string>> = {
  crossOriginEmbedderPolicy: 'policy',
  crossOriginOpenerPolicy: 'policy',
  crossOriginResourcePolicy: 'policy',
  referrerPolicy: 'policy',
  xFrameOptions: 'action',
  xPermittedCrossDomainPolicies: 'permittedPolicies',
}

/**
 * The options with helmet's objects as this module's values; what is no object of helmet's stays as it is, so that it is judged
 * as everywhere. An object that says nothing is `true`.
 *
 * @param preset - helmet's defaults, which directives and members are laid over.
 */
export function fromHelmet(options: HeaderOptions, preset: HeaderOptions): HeaderOptions {
  const read: Record<string, unknown> = { ...options }
  for (const [name, member] of Object.entries(single)) {
    const given = read[name]
    if (!isPlain(given) || !Object.keys(given).every((key) => key === member)) continue

    const value = given[member]
    read[name] = value === undefined ? true : readWord(name, value)
  }

  const prefetch = read.xDnsPrefetchControl
  if (isPlain(prefetch) && Object.keys(prefetch).every((key) => key === 'allow')) {
    read.xDnsPrefetchControl = prefetch.allow ? 'on' : 'off'
  }

  const hsts = read.strictTransportSecurity
  if (isPlain(hsts)) read.strictTransportSecurity = { maxAge: 31_536_000, ...hsts }
  readPolicy(read, preset)

  return read as HeaderOptions
}

/** helmet also takes `same-origin` for SAMEORIGIN. */
function readWord(name: string, value: unknown): unknown {
  const spelled =
    name === 'xFrameOptions' && typeof value === 'string' && value.toLowerCase() === 'same-origin'
  return spelled ? 'SAMEORIGIN' : value
}

/** `{ useDefaults, directives, reportOnly }`: directives over helmet's own unless it is told otherwise; `null` takes one away. */
function readPolicy(read: Record<string, unknown>, preset: HeaderOptions): void {
  const given = read.contentSecurityPolicy
  const known = ['useDefaults', 'directives', 'reportOnly']
  if (!isPlain(given) || !Object.keys(given).every((key) => known.includes(key))) return

  const { useDefaults = true, directives = {}, reportOnly = false } = given
  if (!isPlain(directives)) return

  const policy: Record<string, unknown> = useDefaults
    ? { ...(preset.contentSecurityPolicy as object) }
    : {}
  for (const [name, value] of Object.entries(directives)) {
    const key = name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
    if (value === null) delete policy[key]
    else policy[key] = key === 'upgradeInsecureRequests' && Array.isArray(value) ? true : value
  }

  read.contentSecurityPolicy = reportOnly ? false : policy
  if (reportOnly) read.contentSecurityPolicyReportOnly = policy
}

function isPlain(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
