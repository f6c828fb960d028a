/** What is left of the options of security headers once they are judged: plain data, which a build can write down. */
import type { ResponseKind } from './kind.ts'

/** In the order of the bits that say where a header goes. */
export const kinds: readonly ResponseKind[] = [
  'document',
  'script',
  'svg',
  'media',
  'asset',
  'redirect',
  'api',
  'not-modified',
]

/** How a header is set: a sum of these. */
export const enforced = 1
/** It may hold several values, so that two joined by a comma still mean something. */
export const several = 2
/** Where the response lets other origins read it (CORS), its value is `cross-origin`. */
export const shared = 4
/** Only where the handler set a policy: ours says the same in frame-ancestors. */
export const besidePolicy = 8

/**
 * A header with one of its values. `where`: bit k for the kind k of responses over plain http, bit 8 + k for it over https
 * on a name that may be pinned.
 */
export type CompiledHeader = readonly [name: string, value: string, where: number, how: number]

/** Made by `compileHeaders`; all of it survives JSON. */
export interface CompiledHeaders {
  /** Of this shape. A reader refuses every other. */
  readonly version: 1
  /** In the order in which they are set. */
  readonly headers: readonly CompiledHeader[]
  /** Names that are taken away, in lower case, with spaces between. */
  readonly strip: string
  /** Stands in pages for the nonce. Absent: none. */
  readonly placeholder?: string
  /** The policy of our own pages, and what it is replaced by so that it reports. Absent: it stays. */
  readonly pages?: readonly [policy: string, reporting: string]
}
