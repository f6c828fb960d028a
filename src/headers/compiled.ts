/** What is left of the options of security headers once they are judged: plain data, which a build can write down. */

/** How a header is set: a sum of these. */
export const enforcedBit = 1
/** It may hold several values, so that two joined by a comma still mean something. */
export const appendBit = 2
/** Where the response lets other origins read it (CORS), its value is `cross-origin`. */
export const sharedBit = 4
/** Only where the handler set a policy: ours says the same in frame-ancestors. */
export const besidePolicyBit = 8

/** A header with one of its values. */
export interface CompiledHeader {
  /** In lower case. */
  readonly name: string
  /** With {@link NONCE} where the nonce of the response belongs. */
  readonly value: string
  /** Bit k: responses of kind k over plain http. Bit 8 + k: the same over https on a name that may be pinned. */
  readonly where: number
  /** A sum of flags. */
  readonly how: number
}

/** What `compileHeaders` makes and `compiledHeaders` takes: it survives JSON. Its members may change with each release. */
export interface CompiledHeaders {
  /** Of this shape: a reader refuses every other. */
  readonly version: number
  /** In the order in which they are set. */
  readonly headers: readonly CompiledHeader[]
  /** Names that are taken away, in lower case, with spaces between. */
  readonly strip: string
  /** Stands in pages for the nonce. Absent: none. */
  readonly placeholder?: string
  /**
   * The policy of our own pages, and what it is replaced by so that it reports, over https and over plain http. No other policy
   * is put beside it. Absent: it stays, and nothing is.
   */
  readonly pages?: { readonly policy: string; readonly reporting: string; readonly plain: string }
  /** The origin that visitors see. Absent: what urls say. */
  readonly publicOrigin?: string
}

/** The shape that this release writes and reads. */
export const formatVersion = 1
