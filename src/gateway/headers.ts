/** What a gateway says of security headers where its configuration does not. */
import type { HeaderOptions } from '../headers/index.ts'
import { isObject } from './upstreams.ts'

/** Where browsers send reports; one of the gateway's own addresses. */
export const reportPath = '/.portcullis/reports'

/**
 * The options with the gateway's own defaults. Nobody has looked at the pages of an upstream that was just put behind it:
 * until a preset or a policy is named, what would break them is only reported.
 */
export function gatewayHeaders(given: HeaderOptions | undefined): HeaderOptions {
  if (given !== undefined && !isObject(given)) return given
  const { preset, contentSecurityPolicy } = given ?? {}
  const decided = preset !== undefined || contentSecurityPolicy !== undefined
  return { reporting: reportPath, ...(decided ? {} : { contentSecurityPolicy: 'observe' }), ...defined(given) }
}

function defined(given: HeaderOptions = {}): HeaderOptions {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}
