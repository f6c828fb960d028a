/** Several secrets in one variable: what a rotation needs, where a platform has texts and no lists. */

/** Splits at white space, which no secret of `npm run secret` holds. The same text gives the same list, so nothing is judged twice. */
export function secretsOf(): (text: string) => string | string[] {
  let last: { readonly text: string; readonly found: string | string[] } | undefined
  return (text) => {
    if (last?.text !== text) {
      const list = String(text ?? '')
        .trim()
        .split(/\s+/)
      last = { text, found: list.length > 1 ? list : (list[0] ?? '') }
    }
    return last.found
  }
}
