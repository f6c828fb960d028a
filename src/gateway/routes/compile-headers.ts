/**
 * Compiles the option `headers` of routes: security headers that are merged over those of the gateway.
 * `validate-routes.ts` calls it while building. Wrong options are reported as issues. Routes whose option
 * is the same object or the same preset share one writer, so its issues are reported for the first of
 * them only.
 */

import { applyPreset } from '../../headers/compile/presets.ts'
import { type HeaderOptions, type HeaderWriter, headerWriter } from '../../headers/index.ts'
import type { Issues } from '../../options/index.ts'
import { isRecord } from '../../options/is-object.ts'
import { mergeGatewayHeaders } from '../config/merge-headers.ts'
import type { Route } from './route.ts'

/**
 * Creates the function that compiles the option `headers` of a route; it returns undefined for a route without the
 * option.
 */
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
