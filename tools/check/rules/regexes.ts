/** The regular expressions that a TypeScript file writes out, found in its text. */
import { regexAt } from './source.ts'

/** One literal of a file. */
export interface RegexLiteral {
  readonly line: number
  readonly source: string
  readonly flags: string
}

/** Every literal in the file; those in comments and strings are none. */
export function regexesOf(text: string): RegexLiteral[] {
  return regexAt(text).map(({ at, end }) => {
    const literal = text.slice(at, end)
    const flags = /^[a-z]*/.exec(text.slice(end))?.[0] ?? ''
    return { line: text.slice(0, at).split('\n').length, source: literal.slice(1, -1), flags }
  })
}
