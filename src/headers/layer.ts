/**
 * Combines nested `secureHeaders()` into one layer, so that a response is written once, by the
 * outermost. The middleware runs it for each request. An error of a handler passes through
 * unchanged.
 */

import type { RequestOrigin } from './host.ts'
import { createNonce } from './nonce.ts'
import type { HeaderOptions } from './options.ts'
import type { ResponseWriter } from './write.ts'

/** The options of one `secureHeaders()`, alone or combined with those of the layers around it. */
export interface Layer {
  /** Absent on a layer of compiled headers. */
  readonly options?: HeaderOptions
  readonly write: ResponseWriter
  readOrigin(c: LayerContext): RequestOrigin
  /** Returns a layer with these options over those of an outer layer. */
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

/** A symbol property of the context: it is hidden from handlers and costs a tenth of `c.set`. */
const layerKey = Symbol('secureHeaders')

type LayeredContext = { [layerKey]?: Layer }

/** Runs a layer. The outermost layer writes the headers for all of them. */
export async function runLayer(
  c: LayerContext,
  layer: Layer,
  next: () => Promise<void>,
): Promise<void> {
  const layered = c as LayerContext & LayeredContext
  const outer = layered[layerKey]
  const combined = outer === undefined ? layer : layer.merge(outer)

  layered[layerKey] = combined
  // Set eagerly, as in Hono: taking a nonce from the pool is cheaper than a lazy getter.
  if (combined.write.nonces && !outer?.write.nonces) c.set('secureHeadersNonce', createNonce())
  if (outer !== undefined) return next()

  const { https, host } = layer.readOrigin(c)
  await next()

  const { res } = c
  // Inner layers have been combined by now.
  const { write } = layered[layerKey] ?? layer
  const answer = write(res, {
    https,
    host,
    nonce: c.get('secureHeadersNonce') as string | undefined,
  })

  if (answer === res) return

  // Hono copies the headers of the old response to the new one, which would bring removed headers back.
  c.res = undefined
  c.res = answer
}
