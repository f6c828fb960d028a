/** A layer of security headers whose options were judged while building. */
import { type CompiledHeaders, formatVersion } from '../headers/compiled.ts'
import type { FillNonce } from '../headers/csp/placeholder.ts'
import { readRequestOrigin } from '../headers/host.ts'
import type { Layer } from '../headers/layer.ts'
import { createCompiledWriter } from '../headers/write.ts'
import { assertOption, wrongRelease } from './check.ts'

/** What a placeholder needs. */
export interface CompiledHeadersOptions {
  /** Required where a `noncePlaceholder` was compiled: the function of this name. Who has none does not carry it. */
  readonly fillNonce?: FillNonce
}

/** The layer behind `compiledHeaders`. @throws {ConfigError} `ERR_CONFIG` */
export function createCompiledLayer(
  compiled: CompiledHeaders,
  { fillNonce }: CompiledHeadersOptions,
): Layer {
  // What JavaScript or JSON hands over may be nothing at all.
  const known = (compiled as CompiledHeaders | undefined)?.version === formatVersion
  assertOption(known, 'compiledHeaders', wrongRelease)

  const { placeholder, publicOrigin } = compiled
  assertOption(
    !placeholder || fillNonce !== undefined,
    'fillNonce',
    'is required with noncePlaceholder',
  )

  const fixed = publicOrigin === undefined ? undefined : readRequestOrigin(publicOrigin)
  const about: Layer['about'] = ({ req }) => fixed ?? readRequestOrigin(req.url)
  const own: Layer = { write: createCompiledWriter(compiled, fillNonce), about, over: () => own }

  return own
}
