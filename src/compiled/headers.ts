/** A layer of security headers whose options were judged while building. */
import { type CompiledHeaders, shape } from '../headers/compiled.ts'
import { aboutUrl } from '../headers/host.ts'
import type { Layer } from '../headers/layer.ts'
import type { Fill } from '../headers/placeholder.ts'
import { compiledWriter } from '../headers/write.ts'
import { demand, notOurs } from './check.ts'

/** What a placeholder needs. */
export interface CompiledHeadersOptions {
  /** Required where a `noncePlaceholder` was compiled: the function of this name. Who has none does not carry it. */
  readonly fillNonce?: Fill
}

/** The layer behind `compiledHeaders`. @throws {ConfigError} `ERR_CONFIG` */
export function compiledLayer(compiled: CompiledHeaders, { fillNonce }: CompiledHeadersOptions): Layer {
  // What JavaScript or JSON hands over may be nothing at all.
  const known = (compiled as CompiledHeaders | undefined)?.version === shape
  demand(known, 'compiledHeaders', notOurs)
  const { placeholder, publicOrigin } = compiled
  demand(!placeholder || fillNonce !== undefined, 'fillNonce', 'is required with noncePlaceholder')
  const fixed = publicOrigin === undefined ? undefined : aboutUrl(publicOrigin)
  const about: Layer['about'] = ({ req }) => fixed ?? aboutUrl(req.url)
  const own: Layer = { write: compiledWriter(compiled, fillNonce), about, over: () => own }
  return own
}
