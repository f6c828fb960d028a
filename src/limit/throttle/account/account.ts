/**
 * Finds the account that a text names, however it is spelled: spellings that some server treats as
 * equal have one key. The login throttle calls it for each login. A text that names nobody gives
 * undefined.
 */
import { foldText } from '../../../parameters/index.ts'

/** An account as a login names it. */
export interface Account {
  /** Coarse: failures are counted by it, whatever the spelling. */
  readonly key: string
  /** As it was sent: a success clears what failed under this text, and a device is known for it. */
  readonly text: string
}

/** Normalizes a name as its origin does before it looks it up, as far as {@link accountKey} does not. */
export type Normalize = (text: string) => string

/** Characters of an account's name; an e-mail address has at most 254 (RFC 5321 section 4.5.3.1.3). */
const longest = 320
/** Characters that are looked at: accents and format characters may be all over it. */
const mostRead = 4 * longest

/**
 * Returns the key of an account: spellings that some upstream treats as the same name have the same key. Case, compatibility
 * forms, marks, format and control characters, stroked letters, ligatures and digits of all scripts are folded; of a
 * telephone number the last nine digits count. Two accounts that share a key cost their owners little: a success clears
 * the failures of its own spelling. Different keys would give an attacker one limit for each spelling.
 *
 * @returns undefined for what names nobody: nothing left, or more than 320 characters
 * @example
 * accountKey('Ada@Example.com') === accountKey('ADA@example.com') // true
 */
export function accountKey(text: string): string | undefined {
  if (text.length > mostRead) return undefined
  // MySQL's collations take `ß` for `s` or for `ss`.
  const key = phoneKey(foldText(text).replace(/ss+/g, 's'))
  return key === '' || key.length > longest ? undefined : key
}

/**
 * The account that a text names; undefined where it names nobody.
 *
 * @param normalize - applied before the text is folded, for what the origin folds besides
 */
export function createAccount(text: string, normalize?: Normalize): Account | undefined {
  if (text.length > mostRead) return undefined

  const meant: unknown = normalize === undefined ? text : normalize(text)
  const key = typeof meant === 'string' ? accountKey(meant) : undefined

  return key === undefined ? undefined : { key, text }
}

/** Digits that a number has from one spelling to the next: country codes and leading zeros come and go. */
const phoneDigits = 9

/** `+1 (555) 010-0000`, `001555.010.0000` and `tel:15550100000` are one number. */
function phoneKey(text: string): string {
  const number = text.replace(/^tel:/, '')
  if (!/^[\d +()./#*-]+$/.test(number)) return text

  const digits = number.replaceAll(/\D/g, '')
  return digits.length < 7 ? text : digits.slice(-phoneDigits)
}

/**
 * Normalizes a name as WordPress does: `sanitize_user` takes tags, `%41` and `&amp;` out and writes accents as letters, in some
 * languages as two, and does so once more when it looks the name up. Nothing is left of names with tags that only PHP can
 * take apart.
 *
 * @see wp-includes/formatting.php of WordPress 6.1: sanitize_user, wp_strip_all_tags, remove_accents
 */
export function normalizeWordpressName(text: string): string {
  let fieldName = text
  for (let before = ''; fieldName !== before; ) {
    before = fieldName
    if (/<(?:script|style)/i.test(fieldName)) return ''

    fieldName = fieldName.replace(/<\/?[a-z0-9][^<>"'()]{0,320}>/gi, '')
    if (fieldName.includes('<')) return ''

    fieldName = withoutEntities(fieldName.replace(/%[a-f0-9]{2}/gi, ''))
  }

  // German and Danish WordPress write `ä` as `ae`, Bosnian writes `đ` as `dj`.
  return foldText(fieldName)
    .replace(/([aou])e/g, '$1')
    .replace(/dj/g, 'd')
    .replace(/([a-z])\1+/g, '$1')
}

/** Does `preg_replace('/&.+?;/', '', $name)`: it removes all between `&` and the next `;` of the line. */
function withoutEntities(text: string): string {
  let kept = ''
  let from = 0

  for (let index = text.indexOf('&'); index !== -1; index = text.indexOf('&', from)) {
    const end = text.indexOf(';', index + 2)
    const line = text.indexOf('\n', index)
    if (end === -1) break

    const isEntity = line === -1 || end < line
    kept += text.slice(from, isEntity ? index : index + 1)
    from = isEntity ? end + 1 : index + 1
  }

  return kept + text.slice(from)
}
