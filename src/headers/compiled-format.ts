/**
 * Defines the compiled form of header options: plain data that a build can store as JSON and a
 * deployed bundle can read without the compiler. `compileHeaders()` writes it; the header writer
 * and `compiledHeaders()` read it. It only has types and constants. `compiledHeaders()` rejects
 * data of another `version`; nothing else of the data is validated there, so it must come unchanged
 * from `compileHeaders()` of the same release.
 */

/**
 * The header replaces one that the response already has. {@link CompiledHeader.how} is a sum of
 * these flags.
 */
export const enforcedBit = 1
/** The header may hold several values, so that two values joined by a comma are valid. */
export const appendBit = 2
/** On a response that other origins may read (CORS), the value is `cross-origin` instead. */
export const sharedBit = 4
/**
 * The header is only set where the handler set a Content-Security-Policy. Otherwise frame-ancestors
 * of the library's policy has the same effect.
 */
export const besidePolicyBit = 8

/** A header with one of its values. */
export interface CompiledHeader {
  /** The name in lower case. */
  readonly name: string
  /** The value, with {@link NONCE} in place of the nonce of the response. */
  readonly value: string
  /**
   * The responses that get it, as bits. Bit k is kind k over plain http; bit 8 + k is kind k over
   * https on a host that may use HSTS.
   */
  readonly where: number
  /** How the header is set, as a sum of the flags above. */
  readonly how: number
}

/** The result of `compileHeaders()` and the input of `compiledHeaders()`, as JSON. Its members may change with each release. */
export interface CompiledHeaders {
  /** The version of this format; a reader rejects every other. */
  readonly version: number
  /** The headers in the order in which they are set. */
  readonly headers: readonly CompiledHeader[]
  /** The names of headers to remove, in lower case, separated by spaces. */
  readonly strip: string
  /** The placeholder of the nonce in pages. */
  readonly placeholder?: string
  /**
   * Directives that are added to the policy of the library's own pages, over https and over plain
   * http. Absent where that policy stays as it is.
   */
  readonly pages?: { readonly reporting: string; readonly plain: string }
  /** The origin that users see. Absent where it is the origin of the request's URL. */
  readonly publicOrigin?: string
}

/** The version of the format that this release writes and reads. */
export const formatVersion = 1
