/** Security headers of single routes, laid over the gateway's; judged while building. */
import { type HeaderOptions, type HeaderWriter, headerWriter } from '../headers/index.ts'
import { withPreset } from '../headers/presets.ts'
import type { Faults } from '../options/index.ts'
import { gatewayHeaders } from './headers.ts'
import type { Route } from './route.ts'
import { isObject } from './upstreams.ts'

/** Judges the option `headers` of routes; those that say the same share a writer. */
export function routeHeaders(
  all: HeaderOptions | undefined,
): (given: Route['headers'], faults: Faults) => HeaderWriter | undefined {
  const known = new Map<unknown, HeaderWriter>()
  return (given, faults) => {
    if (given === undefined) return undefined
    const found = known.get(given)
    if (found !== undefined) return found
    const at = faults.under('headers')
    const own = typeof given === 'string' ? { preset: given } : given
    const options = isObject(own) ? gatewayHeaders(withPreset(faults.fresh(''), own, isObject(all) ? all : {})) : own
    const made = headerWriter(options, at)
    known.set(given, made)
    return made
  }
}
