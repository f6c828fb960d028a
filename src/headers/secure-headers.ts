/**
 * Creates header writers and layers from options, and compiles options to data for a build.
 * `secureHeaders()`, `portcullis()` and the gateway use `headerWriter` and `createLayer`; build
 * scripts of applications call `compileHeaders()`. All that is wrong with the options is reported
 * in one `ConfigError` while building. At the first request, another is thrown where nested layers
 * contradict each other or the environment's `publicOrigin` is invalid.
 */
import { createIssues, type Issues, resolveFrom } from '../options/index.ts'
import type { FromEnv, ProjectEnv } from '../types.ts'
import { compileHeaderOptions } from './compile/compile.ts'
import { applyPreset } from './compile/presets.ts'
import type { CompiledHeaders } from './compiled-format.ts'
import { fillNonce } from './csp/placeholder.ts'
import { type RequestOrigin, readRequestOrigin } from './host.ts'
import type { Layer } from './layer.ts'
import { canShowPage, createNonce } from './nonce.ts'
import type { HeaderOptions } from './options.ts'
import { createCompiledWriter, type ResponseWriter } from './write.ts'

/** The options of `secureHeaders()`: those of the headers, and the public origin. */
export interface SecureHeadersOptions<E = ProjectEnv> extends HeaderOptions {
  /**
   * The origin that users see, for an application behind a proxy that terminates TLS, where request
   * URLs begin with `http://`. It is not read from any header, because a client could send one.
   *
   * @default the origin of the request's URL
   */
  readonly publicOrigin?: FromEnv<string, E>
}

/**
 * A header writer that can create a nonce before the response exists, for code that forwards
 * requests.
 */
export interface HeaderWriter extends ResponseWriter {
  /**
   * Creates a nonce if the response may be a page. Pass it to the writer as {@link
   * RequestOrigin.nonce}.
   */
  nonceFor(request: { readonly headers: Pick<Headers, 'get'> }): string | undefined
}

/**
 * Creates a header writer for code without middleware, such as a gateway.
 *
 * @param issues - collects what is wrong with the options; call `issues.throwIfAny()` afterwards.
 * @example
 * const issues = createIssues('headers')
 * const write = headerWriter({ preset: 'strict' }, issues)
 * issues.throwIfAny()
 * return write(response, { https: true, host: 'app.example.com' })
 */
export function headerWriter(options: HeaderOptions, issues: Issues): HeaderWriter {
  const write = createCompiledWriter(
    compileHeaderOptions(issues, applyPreset(issues, options)),
    fillNonce,
  )
  return Object.assign(write, {
    nonceFor: ({ headers }: { readonly headers: Pick<Headers, 'get'> }): string | undefined =>
      write.nonces && canShowPage(headers) ? createNonce() : undefined,
  })
}

/** Validates the options of one layer. */
export function createLayer(value: SecureHeadersOptions<never>, issues: Issues): Layer {
  const { publicOrigin, ...rest } =
    typeof value === 'object' && value !== null ? value : { publicOrigin: undefined }
  const options = value === null || typeof value !== 'object' ? value : (rest as HeaderOptions)
  const origin =
    publicOrigin === undefined
      ? undefined
      : resolveFrom(issues, 'publicOrigin', publicOrigin, parseFixedOrigin)

  // Reading the URL takes as long as setting a header, so it is skipped where publicOrigin is set.
  const readOrigin: Layer['readOrigin'] =
    origin === undefined ? ({ req }) => readRequestOrigin(req.url) : ({ env }) => origin(env)
  const write = headerWriter(options, issues)

  // There are few combinations of layers, and each is compiled at its first request.
  const combinations = new WeakMap<Layer, Layer>()
  return {
    options: applyPreset(createIssues(), options),
    write,
    readOrigin,
    merge(outer): Layer {
      const existing = combinations.get(outer)
      if (existing !== undefined) return existing

      const issues = createIssues('secureHeaders')
      const mergedOptions = applyPreset(issues, options, outer.options ?? {})
      const mergedLayer = {
        ...outer,
        options: mergedOptions,
        write: headerWriter(mergedOptions, issues),
      }

      issues.throwIfAny()
      combinations.set(outer, mergedLayer)

      return mergedLayer
    },
  }
}

/** The options of {@link compileHeaders}. No option is a function, because compiled data cannot read an environment. */
export interface CompilableHeaders extends HeaderOptions {
  /**
   * The origin that users see, for an application behind a proxy that terminates TLS.
   *
   * @default the origin of the request's URL
   */
  readonly publicOrigin?: string
}

/**
 * Validates and compiles options while building, so that the deployed bundle contains data instead of options and their
 * validation. The result is JSON for `compiledHeaders()`. Options of a route follow those of the app and are merged over them.
 *
 * @throws {ConfigError} `ERR_CONFIG` with everything that is wrong with the options
 * @example
 * await writeFile('headers.json', JSON.stringify(compileHeaders({ preset: 'strict' })))
 */
export function compileHeaders(
  options: CompilableHeaders = {},
  ...inner: readonly CompilableHeaders[]
): CompiledHeaders {
  const issues = createIssues('compileHeaders')
  const { publicOrigin, ...headerOptions } = inner.reduce<CompilableHeaders>(
    (outerOptions, innerOptions) => applyPreset(issues, innerOptions, outerOptions),
    applyPreset(issues, options),
  )
  if (publicOrigin !== undefined) parseFixedOrigin(publicOrigin, issues.at('publicOrigin'))

  const compiledHeaders = compileHeaderOptions(issues, headerOptions)
  issues.throwIfAny()

  return publicOrigin === undefined ? compiledHeaders : { ...compiledHeaders, publicOrigin }
}

function parseFixedOrigin(optionValue: unknown, issues: Issues): RequestOrigin {
  const url =
    typeof optionValue === 'string' && URL.canParse(optionValue) ? new URL(optionValue) : undefined
  if (
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    (optionValue === url.origin || optionValue === `${url.origin}/`)
  ) {
    return readRequestOrigin(url.href)
  }

  issues.add('', 'must be an origin such as https://app.example.com, without a path')
  return { https: false, host: '' }
}
