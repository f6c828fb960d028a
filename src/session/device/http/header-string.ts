/**
 * Reads and writes a header value that is a structured string, which browsers send with quotes or
 * without. The device endpoints call it. A value of another form gives undefined.
 */

/** sf-string, RFC 9651 section 3.3.3, with parameters behind it that nobody needs. */
const quotedPattern = /^"((?:[ !#-[\]-~]|\\["\\])*)" *(?:;.*)?$/

/** Visible characters of one run: how Chromium 156 sends what the specification calls a string. */
const barePattern = /^[!-~]+$/

/**
 * The text of a header; undefined where it is absent or neither a string nor one run of visible
 * characters.
 */
export function readHeaderString(value: string | null): string | undefined {
  const text = value?.trim() ?? ''
  const inner = quotedPattern.exec(text)?.[1]
  if (inner !== undefined) return inner.replace(/\\(["\\])/g, '$1')
  return barePattern.test(text) && !text.startsWith('"') ? text : undefined
}

/**
 * Writes a text as a structured string. The text must contain no quote, no backslash and only visible
 * ASCII.
 */
export function writeHeaderString(text: string): string {
  return `"${text}"`
}
