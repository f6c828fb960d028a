/** Options of an app and of its routes, judged. */
import { type Faults, faults as newFaults, resolveFrom } from '../options/index.ts'
import type { From, ProjectEnv } from '../types.ts'
import { compile } from './compile.ts'
import type { CompiledHeaders } from './compiled.ts'
import { type AboutRequest, aboutUrl } from './host.ts'
import type { Layer } from './layer.ts'
import { freshNonce, mayShowPage } from './nonce.ts'
import type { HeaderOptions } from './options.ts'
import { fillNonce } from './placeholder.ts'
import { withPreset } from './presets.ts'
import { compiledWriter, type ResponseWriter } from './write.ts'

/** What the middleware takes besides the headers' own options. */
export interface SecureHeadersOptions<E = ProjectEnv> extends HeaderOptions {
  /**
   * The origin that visitors see, where a proxy in front ends TLS and the url of a request says `http://`. Default: what
   * the url says. No header that a client could send is asked.
   */
  readonly publicOrigin?: From<string, E>
}

/** A writer for those who forward requests, and pages' nonces with them. */
export interface HeaderWriter extends ResponseWriter {
  /** A nonce for the answer to a request that may show a page, to be handed back in {@link AboutRequest}. */
  nonceFor(request: { readonly headers: Headers }): string | undefined
}

/**
 * A writer of the headers that options ask for.
 *
 * @param faults - takes what is wrong with the options; the writer works with what is right until they are thrown.
 */
export function headerWriter(options: HeaderOptions, faults: Faults): HeaderWriter {
  const write = compiledWriter(compile(faults, withPreset(faults, options)), fillNonce)
  return Object.assign(write, {
    nonceFor: ({ headers }: { readonly headers: Headers }): string | undefined =>
      write.nonces && mayShowPage(headers) ? freshNonce() : undefined,
  })
}

/** Judges the options of one layer. */
export function layer(given: SecureHeadersOptions<never>, faults: Faults): Layer {
  const { publicOrigin, ...rest } = typeof given === 'object' && given !== null ? given : { publicOrigin: undefined }
  const options = given === null || typeof given !== 'object' ? given : (rest as HeaderOptions)
  const origin = publicOrigin === undefined ? undefined : resolveFrom(faults, 'publicOrigin', publicOrigin, aboutOrigin)
  // Reading the url costs as much as a header; where it says nothing, nobody reads it.
  const about: Layer['about'] = origin === undefined ? ({ req }) => aboutUrl(req.url) : ({ env }) => origin(env)
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
      const merged = withPreset(faults, options, outer.options ?? {})
      const made = { ...outer, options: merged, write: headerWriter(merged, faults) }
      faults.done()
      pairs.set(outer, made)
      return made
    },
  }
}

/** What {@link compileHeaders} takes: no functions, since what is compiled cannot ask an environment. */
export interface CompilableHeaders extends HeaderOptions {
  /** The origin that visitors see, where a proxy in front ends TLS. Default: what the url of a request says. */
  readonly publicOrigin?: string
}

/**
 * Judges options while building, so that what is deployed carries data instead of options and their judges: hand it to
 * `compiledHeaders`. It is JSON. Options of a route follow those of the app, over which they are laid.
 *
 * @throws {ConfigError} `ERR_CONFIG` with everything that is wrong with the options
 */
export function compileHeaders(
  options: CompilableHeaders = {},
  ...inner: readonly CompilableHeaders[]
): CompiledHeaders {
  const wrong = newFaults('compileHeaders')
  const { publicOrigin, ...settled } = inner.reduce<CompilableHeaders>(
    (outer, own) => withPreset(wrong, own, outer),
    withPreset(wrong, options),
  )
  if (publicOrigin !== undefined) aboutOrigin(publicOrigin, wrong.under('publicOrigin'))
  const compiled = compile(wrong, settled)
  wrong.done()
  return publicOrigin === undefined ? compiled : { ...compiled, publicOrigin }
}

function aboutOrigin(given: unknown, faults: Faults): AboutRequest {
  const url = typeof given === 'string' && URL.canParse(given) ? new URL(given) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol) && (given === url.origin || given === `${url.origin}/`)) {
    return aboutUrl(url.href)
  }
  faults.add('', 'must be an origin such as https://app.example.com, without a path')
  return { https: false, host: '' }
}
