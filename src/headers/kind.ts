/** What kind of response this is, as far as browsers treat kinds differently. */

/**
 * - `document`: HTML and XHTML, which run scripts and have a place in windows and frames.
 * - `script`: JavaScript. As a worker's script its policy binds the worker, so it may forbid neither fetch nor import.
 * - `svg`: an image that is a document when opened: its own inline styles and embedded images, no script.
 * - `media`: audio, video and PDF; browsers open them in a document of their own that loads the same address again.
 * - `asset`: style sheets, fonts, WebAssembly and all other images.
 * - `redirect`: 301, 302, 303, 307 and 308.
 * - `not-modified`: 304. A cache replaces what it stored by what stands here (RFC 9111 section 3.2), and the type of
 *   what it stored is not known.
 * - `api`: everything else, and what has no type.
 */
export type ResponseKind = 'document' | 'script' | 'svg' | 'media' | 'asset' | 'redirect' | 'not-modified' | 'api'

/** The kind of a response, from its status and its Content-Type. */
export function kindOf(status: number, type: string | null): ResponseKind {
  if (status >= 301 && status <= 308) {
    if (status === 304) return 'not-modified'
    if (status < 304 || status > 306) return 'redirect'
  }
  if (type === null) return 'api'
  // The first letter, lower case, leaves at most a handful of comparisons.
  switch (type.charCodeAt(0) | 0x20) {
    case 0x74: // t
      return starts(type, 'text/html') ? 'document' : starts(type, 'text/css') ? 'asset' : script(type, 5)
    case 0x61: // a
      if (starts(type, 'application/xhtml+xml')) return 'document'
      if (starts(type, 'audio/') || starts(type, 'application/pdf')) return 'media'
      return starts(type, 'application/wasm') ? 'asset' : script(type, 12)
    case 0x69: // i
      return starts(type, 'image/svg+xml') ? 'svg' : starts(type, 'image/') ? 'asset' : 'api'
    case 0x76: // v
      return starts(type, 'video/') ? 'media' : 'api'
    case 0x66: // f
      return starts(type, 'font/') ? 'asset' : 'api'
    default:
      return 'api'
  }
}

/** JavaScript under any of its names (RFC 9239 section 6). */
function script(type: string, subtype: number): ResponseKind {
  const at = starts(type, 'x-', subtype) ? subtype + 2 : subtype
  return starts(type, 'javascript', at) || starts(type, 'ecmascript', at) ? 'script' : 'api'
}

/** Whether lower-case letters stand here in any case. What else `| 0x20` makes equal is not allowed in a header. */
function starts(type: string, word: string, at = 0): boolean {
  for (let i = 0; i < word.length; i++) if ((type.charCodeAt(at + i) | 0x20) !== word.charCodeAt(i)) return false
  return true
}
