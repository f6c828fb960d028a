/**
 * Adds the gateway's defaults to its options for security headers: where browsers send reports, and a
 * content security policy that is only reported. `compile.ts`, `routes/compile-headers.ts` and the
 * guard for Vercel call it; the built-in endpoints use its path for reports. It validates nothing: a
 * value that is no object is returned as it is, and `headerWriter` reports it.
 */
import type { HeaderOptions } from '../../headers/index.ts'
import { isRecord } from '../../options/is-object.ts'

/** Path of the gateway's own endpoint to which browsers send reports. */
export const reportPath = '/.portcullis/reports'

/**
 * Merges the options with the gateway's defaults. The policy is only reported until a preset or a policy is named:
 * nobody has checked yet which pages of an upstream an enforced policy would break.
 */
export function mergeGatewayHeaders(value: HeaderOptions | undefined): HeaderOptions {
  if (value !== undefined && !isRecord(value)) return value
  const { preset, contentSecurityPolicy } = value ?? {}
  const isDecided = preset !== undefined || contentSecurityPolicy !== undefined

  return {
    reporting: reportPath,
    ...(isDecided ? {} : { contentSecurityPolicy: 'observe' }),
    ...removeUndefined(value),
  }
}

function removeUndefined(input: HeaderOptions = {}): HeaderOptions {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined))
}
