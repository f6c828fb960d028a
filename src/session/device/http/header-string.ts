/**
 * Reads and writes header values that are structured strings (RFC 9651), which browsers send with quotes or
 * without. `refresh.ts` and `register.ts` read them; `answers.ts` and `instructions.ts` write them. A value
 * of another form reads as undefined. `writeHeaderString` escapes nothing, so callers must pass safe text.
 */

/** sf-string, RFC 9651 section 3.3.3, followed by parameters that are ignored. */
const quotedPattern = /^"((?:[ !#-[\]-~]|\\["\\])*)" *(?:;.*)?$/

/** Visible characters without spaces. Chromium 156 sends strings in this form, against the specification. */
const barePattern = /^[!-~]+$/

/**
 * Reads the text of a header; undefined if it is absent, or neither a structured string nor visible
 * characters without spaces.
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
