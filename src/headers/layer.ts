/** The layers that a request is inside of, which are one by the time an answer is written. */

import { createNonce } from './csp/nonce.ts'
import type { RequestOrigin } from './host.ts'
import type { HeaderOptions } from './options.ts'
import type { ResponseWriter } from './write.ts'

/** One `secureHeaders()`, alone or over the ones around it. */
export interface Layer {
  /** Absent where they were compiled before. */
  readonly options?: HeaderOptions
  readonly write: ResponseWriter
  about(c: LayerContext): RequestOrigin
  /** This layer's options over those of a layer around it. */
  over(outer: Layer): Layer
}

/** A Hono Context, as far as layers need one. */
export interface LayerContext {
  readonly req: { readonly url: string }
  readonly env: unknown
  get res(): Response
  set res(response: Response | undefined)
  readonly set: (name: 'secureHeadersNonce', nonce: string) => void
  readonly get: (name: 'secureHeadersNonce') => unknown
}

/** Kept where no handler looks: a property costs a tenth of what `c.set` does. */
const passed = Symbol('secureHeaders')

type LayeredContext = { [passed]?: Layer }

/** Lets a request into a layer; the outermost writes, for all of them. */
export async function runLayer(
  c: LayerContext,
  own: Layer,
  next: () => Promise<void>,
): Promise<void> {
  const at = c as LayerContext & LayeredContext
  const outer = at[passed]
  const all = outer === undefined ? own : own.over(outer)

  at[passed] = all
  // A string, as in Hono, and not made when asked for: taking one from the pool costs less than asking.
  const nonce = all.write.nonces && !outer?.write.nonces ? createNonce() : undefined
  if (nonce) c.set('secureHeadersNonce', nonce)
  if (outer !== undefined) return next()

  const { https, host } = own.about(c)
  await next()

  const { res } = c
  // What was entered further in is known by now.
  const { write } = at[passed] ?? own
  const answer = write(res, {
    https,
    host,
    nonce: nonce ?? (c.get('secureHeadersNonce') as string | undefined),
  })

  if (answer === res) return

  // Hono copies every header of the response it has over the one it gets: what was taken away would come back.
  c.res = undefined
  c.res = answer
}
