/**
 * Defines the compiled form of header options: plain data that a build can store as JSON.
 * `compile.ts` writes it, and `write.ts` and `compiledHeaders()` read it. Data of another format
 * version is rejected by `compiledHeaders()`.
 */

/** The header replaces one that the response has. The flags of {@link CompiledHeader.how} are a sum of these bits. */
export const enforcedBit = 1
/** The header may hold several values, so that two values joined by a comma are valid. */
export const appendBit = 2
/** The value is `cross-origin` on a response that other origins may read (CORS). */
export const sharedBit = 4
/** The header is set only beside a policy of the handler, because ours has the same effect through frame-ancestors. */
export const besidePolicyBit = 8

/** A header with one of its values. */
export interface CompiledHeader {
  /** The name in lower case. */
  readonly name: string
  /** The value, with {@link NONCE} in place of the nonce of the response. */
  readonly value: string
  /** The responses that get it. Bit k: kind k over plain http. Bit 8 + k: kind k over https on a host that may use HSTS. */
  readonly where: number
  /** How it is set, as a sum of flags. */
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
   * Directives that the policies of the library's own pages get in addition, over https and over plain http.
   * Absent: it is not replaced.
   */
  readonly pages?: { readonly reporting: string; readonly plain: string }
  /** The origin that visitors see. Absent: that of the request's URL. */
  readonly publicOrigin?: string
}

/** The version of the format that this release writes and reads. */
export const formatVersion = 1
