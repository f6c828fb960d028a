/**
 * Combines nested `secureHeaders()`, such as one of an app and one of a route, into one layer,
 * whose headers are written once by the outermost. `secureHeaders()` and `compiledHeaders()` run it
 * for each request. It rejects with the error of a handler, and with a `ConfigError` where the
 * options of nested layers contradict each other or the environment's `publicOrigin` is invalid,
 * both at the first request that is concerned.
 */

import type { RequestOrigin } from './host.ts'
import { createNonce } from './nonce.ts'
import type { HeaderOptions } from './options.ts'
import type { ResponseWriter } from './write.ts'

/** The options of one `secureHeaders()`, alone or combined with those of the layers around it. */
export interface Layer {
  /** The options; absent on a layer of compiled headers. */
  readonly options?: HeaderOptions
  readonly write: ResponseWriter
  readOrigin(c: LayerContext): RequestOrigin
  /**
   * Returns a layer with the options of both, in which those of this layer take precedence over the
   * outer one's.
   */
  merge(outer: Layer): Layer
}

/** The part of Hono's Context that layers need. */
export interface LayerContext {
  readonly req: { readonly url: string }
  readonly env: unknown
  get res(): Response
  set res(response: Response | undefined)
  readonly set: (name: 'secureHeadersNonce', nonce: string) => void
  readonly get: (name: 'secureHeadersNonce') => unknown
}

/**
 * The property of the context that holds the combined layer. A symbol is hidden from handlers and
 * costs a tenth of `c.set`.
 */
const layerKey = Symbol('secureHeaders')

type ContextWithLayer = { [layerKey]?: Layer }

/** Runs a layer. The outermost layer writes the headers for all of them. */
export async function runLayer(
  c: LayerContext,
  layer: Layer,
  next: () => Promise<void>,
): Promise<void> {
  const context = c as LayerContext & ContextWithLayer
  const outer = context[layerKey]
  const currentLayer = outer === undefined ? layer : layer.merge(outer)

  context[layerKey] = currentLayer
  // The nonce is created eagerly, as in Hono: taking one from the pool costs less than a lazy
  // getter.
  if (currentLayer.write.nonces && !outer?.write.nonces) c.set('secureHeadersNonce', createNonce())
  if (outer !== undefined) return next()

  const { https, host } = layer.readOrigin(c)
  await next()

  const { res } = c
  // By now, inner layers have been combined with this one.
  const { write } = context[layerKey] ?? layer
  const response = write(res, {
    https,
    host,
    nonce: c.get('secureHeadersNonce') as string | undefined,
  })

  if (response === res) return

  // Hono would copy the headers of the old response to the new one and so bring removed headers
  // back.
  c.res = undefined
  c.res = response
}
