/** Options of an app and of its routes, judged. */
import { createIssues, type Issues, resolveFrom } from '../options/index.ts'
import type { FromEnv, ProjectEnv } from '../types.ts'
import { compileHeaderOptions } from './compile.ts'
import type { CompiledHeaders } from './compiled.ts'
import { canShowPage, createNonce } from './csp/nonce.ts'
import { fillNonce } from './csp/placeholder.ts'
import { type RequestOrigin, readRequestOrigin } from './host.ts'
import type { Layer } from './layer.ts'
import type { HeaderOptions } from './options.ts'
import { applyPreset } from './presets.ts'
import { createCompiledWriter, type ResponseWriter } from './write.ts'

/** What the middleware takes besides the headers' own options. */
export interface SecureHeadersOptions<E = ProjectEnv> extends HeaderOptions {
  /**
   * The origin that visitors see, where a proxy in front ends TLS and the url of a request says `http://`. Default: what
   * the url says. No header that a client could send is asked.
   */
  readonly publicOrigin?: FromEnv<string, E>
}

/** A writer for those who forward requests, and pages' nonces with them. */
export interface HeaderWriter extends ResponseWriter {
  /** A nonce for the answer to a request that may show a page, to be handed back in {@link AboutRequest}. */
  nonceFor(request: { readonly headers: Headers }): string | undefined
}

/**
 * A writer of the headers that options ask for.
 *
 * @param issues - collects what is wrong with the options; the writer works with what is right until it throws.
 */
export function headerWriter(options: HeaderOptions, issues: Issues): HeaderWriter {
  const write = createCompiledWriter(
    compileHeaderOptions(issues, applyPreset(issues, options)),
    fillNonce,
  )
  return Object.assign(write, {
    nonceFor: ({ headers }: { readonly headers: Headers }): string | undefined =>
      write.nonces && canShowPage(headers) ? createNonce() : undefined,
  })
}

/** Judges the options of one layer. */
export function createLayer(value: SecureHeadersOptions<never>, issues: Issues): Layer {
  const { publicOrigin, ...rest } =
    typeof value === 'object' && value !== null ? value : { publicOrigin: undefined }
  const options = value === null || typeof value !== 'object' ? value : (rest as HeaderOptions)
  const origin =
    publicOrigin === undefined
      ? undefined
      : resolveFrom(issues, 'publicOrigin', publicOrigin, parseFixedOrigin)

  // Reading the url costs as much as a header; where it says nothing, nobody reads it.
  const about: Layer['about'] =
    origin === undefined ? ({ req }) => readRequestOrigin(req.url) : ({ env }) => origin(env)
  const write = headerWriter(options, issues)

  // Layers are made while building: a handful of pairs, each judged at its first request.
  const pairs = new WeakMap<Layer, Layer>()
  return {
    options: applyPreset(createIssues(), options),
    write,
    about,
    over(outer): Layer {
      const known = pairs.get(outer)
      if (known !== undefined) return known

      const issues = createIssues('secureHeaders')
      const merged = applyPreset(issues, options, outer.options ?? {})
      const made = { ...outer, options: merged, write: headerWriter(merged, issues) }

      issues.throwIfAny()
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
  const issues = createIssues('compileHeaders')
  const { publicOrigin, ...settled } = inner.reduce<CompilableHeaders>(
    (outer, own) => applyPreset(issues, own, outer),
    applyPreset(issues, options),
  )
  if (publicOrigin !== undefined) parseFixedOrigin(publicOrigin, issues.at('publicOrigin'))

  const compiled = compileHeaderOptions(issues, settled)
  issues.throwIfAny()

  return publicOrigin === undefined ? compiled : { ...compiled, publicOrigin }
}

function parseFixedOrigin(value: unknown, issues: Issues): RequestOrigin {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  if (
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    (value === url.origin || value === `${url.origin}/`)
  ) {
    return readRequestOrigin(url.href)
  }

  issues.add('', 'must be an origin such as https://app.example.com, without a path')
  return { https: false, host: '' }
}
