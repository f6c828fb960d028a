/**
 * Classifies responses by their status and content type into the kinds that browsers treat
 * differently. The header writer calls it for each response, and the compilers use its names for
 * their tables. It is pure and throws nothing. An unknown type counts as data (`api`), so it gets
 * the policy that allows nothing.
 */

/**
 * The kinds of responses:
 *
 * - `document`: HTML and XHTML, which run scripts and are shown in windows and frames.
 * - `script`: JavaScript. For the script of a worker, this policy also applies to the worker, so it
 *   may forbid neither fetch nor import.
 * - `svg`: an image that is a document when it is opened: it may have inline styles and embedded
 *   images, but no script.
 * - `media`: audio, video and PDF, which browsers show in a document that loads the same URL again.
 * - `asset`: style sheets, fonts, WebAssembly and all other images.
 * - `redirect`: 301, 302, 303, 307 and 308.
 * - `not-modified`: 304. A cache overwrites its stored headers with these (RFC 9111 section 3.2),
 *   and the type of the stored response is unknown.
 * - `api`: everything else, and responses without a type.
 */
export type ResponseKind =
  | 'document'
  | 'script'
  | 'svg'
  | 'media'
  | 'asset'
  | 'redirect'
  | 'api'
  | 'not-modified'

/** All kinds, in the order of their numbers. */
export const responseKinds: readonly ResponseKind[] = [
  'document',
  'script',
  'svg',
  'media',
  'asset',
  'redirect',
  'api',
  'not-modified',
]
/**
 * The number of kinds. It is a separate constant, so that a bundle of compiled headers need not
 * contain the names.
 */
export const kindCount = 8
/** The number of a document. */
export const documentKind = 0
const scriptKind = 1
const svgKind = 2
const mediaKind = 3
const assetKind = 4
const redirectKind = 5
const apiKind = 6
const notModifiedKind = 7

/**
 * Prefixes of content types in lower case with their kinds. The first match decides, and every
 * other type is data. JSON is listed so that it is found early.
 */
const typePrefixes: ReadonlyArray<readonly [type: string, kind: number]> = [
  ['text/html', documentKind],
  ['application/json', apiKind],
  ['application/xhtml+xml', documentKind],
  ['text/css', assetKind],
  ['image/svg+xml', svgKind],
  ['image/', assetKind],
  ['font/', assetKind],
  ['audio/', mediaKind],
  ['video/', mediaKind],
  ['application/pdf', mediaKind],
  ['application/wasm', assetKind],
]

/** JavaScript under any of its names (RFC 9239 section 6). */
const scriptType = /^(?:text|application)\/(?:x-)?(?:java|ecma)script/i

/** Returns the number of a response's kind, from its status and its Content-Type. */
export function findResponseKind(status: number, type: string | null): number {
  if (status === 304) return notModifiedKind
  if (status > 300 && status < 309 && status !== 305 && status !== 306) return redirectKind
  if (type === null) return apiKind

  const lowerType = type.toLowerCase()
  for (const [prefix, kind] of typePrefixes) if (lowerType.startsWith(prefix)) return kind
  return scriptType.test(lowerType) ? scriptKind : apiKind
}
