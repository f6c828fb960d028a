/**
 * Adds the gateway's own defaults to the security headers of its configuration. `compile.ts`, the
 * headers of routes and the Vercel guard call it. It validates nothing: the header compiler does
 * that with the merged options.
 */
import type { HeaderOptions } from '../../headers/index.ts'
import { isRecord } from '../../options/is-object.ts'

/** Where browsers send reports; one of the gateway's own addresses. */
export const reportPath = '/.portcullis/reports'

/**
 * The options with the gateway's own defaults. Nobody has looked at the pages of an upstream that was just put behind it:
 * until a preset or a policy is named, what would break them is only reported.
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
