/** Security headers of single routes, laid over the gateway's; validated while building. */

import { applyPreset } from '../../headers/compile/presets.ts'
import { type HeaderOptions, type HeaderWriter, headerWriter } from '../../headers/index.ts'
import type { Issues } from '../../options/index.ts'
import { isRecord } from '../../options/is-object.ts'
import { mergeGatewayHeaders } from '../config/merge-headers.ts'
import type { Route } from './route.ts'

/** Validates the option `headers` of routes; those that say the same share a writer. */
export function routeHeaders(
  all: HeaderOptions | undefined,
): (value: Route['headers'], issues: Issues) => HeaderWriter | undefined {
  const known = new Map<unknown, HeaderWriter>()
  return (value, issues) => {
    if (value === undefined) return undefined
    const found = known.get(value)
    if (found !== undefined) return found
    const at = issues.at('headers')
    const own = typeof value === 'string' ? { preset: value } : value
    const options = isRecord(own)
      ? mergeGatewayHeaders(applyPreset(issues.child(''), own, isRecord(all) ? all : {}))
      : own
    const made = headerWriter(options, at)
    known.set(value, made)
    return made
  }
}
