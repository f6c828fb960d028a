/** Options of an app and of its routes, which are one set by the time an answer is written. */
import { type Faults, faults as newFaults, resolveFrom } from '../options/index.ts'
import type { From, ProjectEnv } from '../types.ts'
import { compile } from './compile.ts'
import { type AboutRequest, aboutUrl } from './host.ts'
import type { HeaderOptions } from './options.ts'
import { withPreset } from './presets.ts'
import { compiledWriter, type HeaderWriter } from './write.ts'

/** What the middleware takes besides the headers' own options. */
export interface SecureHeadersOptions<E = ProjectEnv> extends HeaderOptions {
  /**
   * The origin that visitors see, where a proxy in front ends TLS and the url of a request says `http://`. Default: what
   * the url says. No header that a client could send is asked.
   */
  readonly publicOrigin?: From<string, E>
}

/** One `secureHeaders()`, alone or over the ones around it. */
export interface Layer {
  readonly options: HeaderOptions
  readonly write: HeaderWriter
  about(url: string, env: unknown): AboutRequest
  /** This layer's options over those of a layer around it. */
  over(outer: Layer): Layer
}

/**
 * A writer of the headers that options ask for.
 *
 * @param faults - takes what is wrong with the options; the writer works with what is right until they are thrown.
 */
export function headerWriter(options: HeaderOptions, faults: Faults): HeaderWriter {
  return compiledWriter(compile(faults, withPreset(faults, options)))
}

/** Judges the options of one layer. */
export function layer(given: SecureHeadersOptions<never>, faults: Faults): Layer {
  const { publicOrigin, ...rest } = typeof given === 'object' && given !== null ? given : { publicOrigin: undefined }
  const options = given === null || typeof given !== 'object' ? given : (rest as HeaderOptions)
  const origin = publicOrigin === undefined ? undefined : resolveFrom(faults, 'publicOrigin', publicOrigin, aboutOrigin)
  const about: Layer['about'] = origin === undefined ? aboutUrl : (_, env) => origin(env)
  const write = headerWriter(options, faults)
  // Layers are made while building: a handful of pairs, each judged at its first request.
  const pairs = new WeakMap<Layer, Layer>()
  return {
    options: withPreset(newFaults(), options),
    write,
    about,
    over(outer): Layer {
      const known = pairs.get(outer)
      if (known !== undefined) return known
      const faults = newFaults('secureHeaders')
      const merged = withPreset(faults, options, outer.options)
      const made = { ...outer, options: merged, write: headerWriter(merged, faults) }
      faults.done()
      pairs.set(outer, made)
      return made
    },
  }
}

/** Kept where no handler looks: a property costs a tenth of what `c.set` does. */
const passed = Symbol('secureHeaders')

type Passing = { [passed]?: Layer }

/** Notes that a request is inside a layer; returns the layer around it, which writes for both. */
export function enter(context: object, own: Layer): Layer | undefined {
  const at = context as Passing
  const outer = at[passed]
  at[passed] = outer === undefined ? own : own.over(outer)
  return outer
}

/** All layers that a request is inside of, as one. */
export function entered(context: object, own: Layer): Layer {
  return (context as Passing)[passed] ?? own
}

function aboutOrigin(given: unknown, faults: Faults): AboutRequest {
  const url = typeof given === 'string' && URL.canParse(given) ? new URL(given) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol) && (given === url.origin || given === `${url.origin}/`)) {
    return aboutUrl(url.href)
  }
  faults.add('', 'must be an origin such as https://app.example.com, without a path')
  return { https: false, host: '' }
}
