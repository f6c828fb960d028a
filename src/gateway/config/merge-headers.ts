/** What a gateway says of security headers where its configuration does not. */
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
  const decided = preset !== undefined || contentSecurityPolicy !== undefined
  return {
    reporting: reportPath,
    ...(decided ? {} : { contentSecurityPolicy: 'observe' }),
    ...removeUndefined(value),
  }
}

function removeUndefined(input: HeaderOptions = {}): HeaderOptions {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined))
}
