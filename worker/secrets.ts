/** Several secrets in one variable: what a rotation needs, where a platform has texts and no lists. */

/** Splits at white space, which no secret of `npm run secret` holds. The same text gives the same list, so nothing is judged twice. */
export function secretsOf(): (text: string) => readonly string[] {
  let last: { readonly text: string; readonly list: readonly string[] } | undefined
  return (text) => {
    if (last?.text !== text)
      last = {
        text,
        list: String(text ?? '')
          .trim()
          .split(/\s+/),
      }
    return last.list
  }
}
