/**
 * Creates a layer of security headers from the result of `compileHeaders()`. `compiledHeaders()` in
 * `middleware.ts` calls it once. It throws a `ConfigError` (`ERR_CONFIG`) for data of another release, and if the
 * data has a nonce placeholder and the function `fillNonce` is missing; the rest of the data is not validated.
 */
import { type CompiledHeaders, formatVersion } from '../headers/compiled-format.ts'
import type { FillNonce } from '../headers/csp/placeholder.ts'
import { readRequestOrigin } from '../headers/host.ts'
import type { Layer } from '../headers/layer.ts'
import { createCompiledWriter } from '../headers/write.ts'
import { assertOption, wrongRelease } from './check.ts'

/** The options that compiled data cannot hold. */
export interface CompiledHeadersOptions {
  /**
   * The function `fillNonce`, required if a `noncePlaceholder` was compiled. Bundles that do not pass it do not contain
   * it.
   */
  readonly fillNonce?: FillNonce
}

/** Creates the layer of `compiledHeaders()`. @throws {ConfigError} `ERR_CONFIG` */
export function createCompiledLayer(
  compiled: CompiledHeaders,
  { fillNonce }: CompiledHeadersOptions,
): Layer {
  // Code without types, or JSON, may pass undefined.
  const isKnown = (compiled as CompiledHeaders | undefined)?.version === formatVersion
  assertOption(isKnown, 'compiledHeaders', wrongRelease)

  const { placeholder, publicOrigin } = compiled
  assertOption(
    !placeholder || fillNonce !== undefined,
    'fillNonce',
    'is required with noncePlaceholder',
  )

  const fixedOrigin = publicOrigin && readRequestOrigin(publicOrigin)
  const readOrigin: Layer['readOrigin'] = ({ req }) => fixedOrigin || readRequestOrigin(req.url)

  return {
    write: createCompiledWriter(compiled, fillNonce),
    readOrigin,
    merge() {
      return this
    },
  }
}
