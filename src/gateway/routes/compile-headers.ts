/**
 * Compiles the security headers of single routes, merged over the gateway's. `validate-routes.ts`
 * calls it while building. Wrong options are reported as issues; routes with equal options share a
 * writer.
 */

import { applyPreset } from '../../headers/compile/presets.ts'
import { type HeaderOptions, type HeaderWriter, headerWriter } from '../../headers/index.ts'
import type { Issues } from '../../options/index.ts'
import { isRecord } from '../../options/is-object.ts'
import { mergeGatewayHeaders } from '../config/merge-headers.ts'
import type { Route } from './route.ts'

/** Validates the option `headers` of routes; those that say the same share a writer. */
export function routeHeaders(
  gatewayHeaders: HeaderOptions | undefined,
): (value: Route['headers'], issues: Issues) => HeaderWriter | undefined {
  const writers = new Map<unknown, HeaderWriter>()
  return (routeHeadersOption, issues) => {
    if (routeHeadersOption === undefined) return undefined
    const knownWriter = writers.get(routeHeadersOption)
    if (knownWriter !== undefined) return knownWriter
    const headerIssues = issues.at('headers')
    const routeOptions =
      typeof routeHeadersOption === 'string' ? { preset: routeHeadersOption } : routeHeadersOption
    const options = isRecord(routeOptions)
      ? mergeGatewayHeaders(
          applyPreset(
            issues.child(''),
            routeOptions,
            isRecord(gatewayHeaders) ? gatewayHeaders : {},
          ),
        )
      : routeOptions

    const newWriter = headerWriter(options, headerIssues)
    writers.set(routeHeadersOption, newWriter)

    return newWriter
  }
}
