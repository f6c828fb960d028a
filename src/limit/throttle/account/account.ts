/**
 * Turns the account name of a login (a user name, an e-mail address, a telephone number) into the
 * key under which its failures are counted: spellings that some server treats as the same account
 * have one key. `loginThrottle()`, the gateway's login throttle and applications call it. A text
 * that names no account, or is longer than 320 characters, gives undefined and no error.
 * `createAccount` throws what the application's `normalize` throws.
 */
import { foldText } from '../../../parameters/index.ts'

/** The account of a login attempt. */
export interface Account {
  /** The key under which failures are counted, the same for all spellings. */
  readonly key: string
  /**
   * The text as it was sent. A success clears failures under this text, and a device is known for
   * it.
   */
  readonly text: string
}

/**
 * Normalizes an account name as the application does before it looks it up, as far as {@link
 * accountKey} does not.
 */
export type Normalize = (text: string) => string

/**
 * The most characters of an account's key; an e-mail address has at most 254 (RFC 5321 section
 * 4.5.3.1.3).
 */
const maxKeyLength = 320
/**
 * The most characters of the text as it was sent: it may contain accents and format characters,
 * which folding removes.
 */
const maxTextLength = 4 * maxKeyLength

/**
 * Returns the key of an account: spellings that some server treats as the same name have the same
 * key. Case, compatibility forms, marks, format and control characters, stroked letters, ligatures
 * and digits of all scripts are folded; of a telephone number the last nine digits count. Two
 * accounts that share a key share a limit, which costs their owners little, since a success clears
 * the failures of its own spelling. If spellings had different keys, an attacker would have a limit
 * for each spelling.
 *
 * @returns undefined for a text that names no account: nothing is left after folding, or more than
 *   320 characters
 * @example
 * accountKey('Ada@Example.com') === accountKey('ADA@example.com') // true
 */
export function accountKey(text: string): string | undefined {
  if (text.length > maxTextLength) return undefined
  // MySQL's collations compare `ß` as `s` or as `ss`.
  const key = phoneKey(foldText(text).replace(/ss+/g, 's'))
  return key === '' || key.length > maxKeyLength ? undefined : key
}

/**
 * Returns the account that a text names, or undefined where it names none.
 *
 * @param normalize - applied before the text is folded, for what the application folds in addition
 */
export function createAccount(text: string, normalize?: Normalize): Account | undefined {
  if (text.length > maxTextLength) return undefined

  const normalizedText: unknown = normalize === undefined ? text : normalize(text)
  const key = typeof normalizedText === 'string' ? accountKey(normalizedText) : undefined

  return key === undefined ? undefined : { key, text }
}

/**
 * The digits of a telephone number that all its spellings share: country codes and leading zeros
 * differ.
 */
const phoneDigits = 9

/**
 * Folds a telephone number, so that `+1 (555) 010-0000`, `001555.010.0000` and `tel:15550100000`
 * are equal. Returns any other text unchanged.
 */
function phoneKey(text: string): string {
  const number = text.replace(/^tel:/, '')
  if (!/^[\d +()./#*-]+$/.test(number)) return text

  const digits = number.replaceAll(/\D/g, '')
  return digits.length < 7 ? text : digits.slice(-phoneDigits)
}

/**
 * Normalizes an account name as WordPress does. `sanitize_user` removes tags, `%41` and `&amp;` and
 * writes accents as letters, in some languages as two, and does so once more when it looks the name
 * up. A name with tags that only PHP can parse gives an empty text, which names no account.
 *
 * @see wp-includes/formatting.php of WordPress 6.1: sanitize_user, wp_strip_all_tags, remove_accents
 */
export function normalizeWordpressName(text: string): string {
  let name = text
  for (let previous = ''; name !== previous; ) {
    previous = name
    if (/<(?:script|style)/i.test(name)) return ''

    name = name.replace(/<\/?[a-z0-9][^<>"'()]{0,320}>/gi, '')
    if (name.includes('<')) return ''

    name = withoutEntities(name.replace(/%[a-f0-9]{2}/gi, ''))
  }

  // German and Danish WordPress write `ä` as `ae`, Bosnian writes `đ` as `dj`.
  return foldText(name)
    .replace(/([aou])e/g, '$1')
    .replace(/dj/g, 'd')
    .replace(/([a-z])\1+/g, '$1')
}

/**
 * Does the same as `preg_replace('/&.+?;/', '', $name)`: it removes everything from each `&` to the
 * next `;` of the same line.
 */
function withoutEntities(text: string): string {
  let rest = ''
  let from = 0

  for (let index = text.indexOf('&'); index !== -1; index = text.indexOf('&', from)) {
    const end = text.indexOf(';', index + 2)
    const line = text.indexOf('\n', index)
    if (end === -1) break

    const isEntity = line === -1 || end < line
    rest += text.slice(from, isEntity ? index : index + 1)
    from = isEntity ? end + 1 : index + 1
  }

  return rest + text.slice(from)
}
