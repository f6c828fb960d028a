/** One account, however it is spelled. */

/** Characters of an account's name; an e-mail address has at most 254 (RFC 5321 section 4.5.3.1.3). */
const longest = 320
/** Characters of what is looked at: accents and format characters may be all over it. */
const mostRead = 4 * longest

/**
 * The key of an account: what origins take for the same name is the same here. Compatibility forms and case are folded,
 * accents, control and format characters dropped, spaces squeezed. That two accounts of an origin share a key, which has
 * them share a limit, is the safe side; the other is a limit for each spelling.
 *
 * @returns undefined for what names nobody: nothing left, or more than 320 characters
 * @see Unicode Standard Annex 15 on the normalisation forms
 */
export function accountKey(text: string): string | undefined {
  if (text.length > mostRead) return undefined
  const key = text
    .normalize('NFKD')
    .replace(/[\p{M}\p{Cf}\p{Cc}]/gu, '')
    .toLowerCase()
    .normalize('NFKC')
    .trim()
    .replace(/\s+/g, ' ')
  return key === '' || key.length > longest ? undefined : key
}
