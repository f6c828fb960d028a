/**
 * Reads cookies of one name from a Cookie header, and removes named cookies from it, in one pass. Values are not
 * decoded and quotes are not removed: a value is returned exactly as the browser stores it. Sessions, the login,
 * the login throttle, the proxy and its cache call it. Reading returns at most four values and ignores pairs that
 * end after 131,072 characters. Nothing is thrown; a header that is no list of cookies has no values.
 */

/**
 * Maximum characters of a Cookie header that are read. A pair that ends later is ignored. `limits.cookieBytes` cannot
 * be higher, and no platform forwards more, so every cookie that a gateway accepts is read. The number of pairs is not
 * limited: with a limit, a sibling host could hide our cookie behind many small ones.
 */
export const maxCookieHeaderLength = 131_072

/** Maximum number of values that are returned. The caller decides what more than one value means. */
const maxValues = 4

const comma = 0x2c
const semicolon = 0x3b
const equals = 0x3d

/**
 * Returns the values of the cookies with exactly this name in their order, at most four.
 *
 * Names are compared with their letter case. Only space and tab around a pair are removed. A name between other kinds
 * of white space is another name; otherwise a sibling host could forge a cookie with a prefix. A value that contains `,
 * name=` comes from two Cookie headers that a runtime joined. It is not returned, since its end is unknown.
 *
 * @example
 * ```ts
 * const [theme] = readCookies(request.headers.get('cookie'), 'theme')
 * ```
 * @see RFC 6265bis section 5.8.3
 */
export function readCookies(cookieHeader: string | null | undefined, cookieName: string): string[] {
  const values: string[] = []
  if (!cookieHeader || cookieName === '') return values

  let fromIndex = 0
  while (values.length < maxValues) {
    const startIndex = cookieHeader.indexOf(cookieName, fromIndex)
    if (startIndex === -1) break
    fromIndex = startIndex + cookieName.length
    if (cookieHeader.charCodeAt(fromIndex) !== equals || !beginsPair(cookieHeader, startIndex))
      continue

    let endIndex = cookieHeader.indexOf(';', fromIndex)
    if (endIndex === -1) endIndex = cookieHeader.length
    if (endIndex > maxCookieHeaderLength) break

    const valueStart = skipSpace(cookieHeader, fromIndex + 1, endIndex)
    fromIndex = endIndex
    while (endIndex > valueStart && isSpace(cookieHeader.charCodeAt(endIndex - 1))) endIndex--

    // The native search is fast, and it ends most calls: a sealed value has hundreds of characters, but no comma.
    const joint = cookieHeader.indexOf(',', valueStart)
    if (joint === -1 || joint >= endIndex || findJoint(cookieHeader, joint, endIndex) === -1) {
      values.push(cookieHeader.slice(valueStart, endIndex))
    }
  }

  return values
}

/**
 * Returns the header without the named cookies; all other cookies are unchanged. Returns null if no cookie is left.
 *
 * A runtime joins two Cookie headers with `, `, so `a=1, __Host-session=x` would hide our cookie in the value of `a`.
 * Text after a comma that looks like a pair is therefore treated as a pair. The comma between two cookies that both
 * stay is not changed, since it may belong to a value.
 *
 * @example
 * ```ts
 * removeCookies('a=1; __Host-session=x; b=2', new Set(['__Host-session'])) // 'a=1; b=2'
 * ```
 */
export function removeCookies(
  cookieHeader: string | null,
  names: ReadonlySet<string>,
): string | null {
  if (!cookieHeader) return null
  if (!mentionsAny(cookieHeader, names)) return cookieHeader

  const mayBeJoined = cookieHeader.includes(',')
  let result = ''
  let followsKeptPair = true

  for (let startIndex = 0; startIndex <= cookieHeader.length; ) {
    const endIndex = findPairEnd(cookieHeader, startIndex, mayBeJoined)
    const isRemoved = names.has(readName(cookieHeader, startIndex, endIndex))
    if (!isRemoved) {
      if (result === '')
        result = cookieHeader.slice(skipSpace(cookieHeader, startIndex, endIndex), endIndex)
      // The separator before the pair stays as it was, unless it followed a cookie that was removed.
      else if (followsKeptPair) result += cookieHeader.slice(startIndex - 1, endIndex)
      else result += `;${cookieHeader.slice(startIndex, endIndex)}`
    }

    followsKeptPair = !isRemoved
    startIndex = endIndex + 1
  }
  return result === '' ? null : result
}

function mentionsAny(cookieHeader: string, names: ReadonlySet<string>): boolean {
  for (const cookieName of names) if (cookieHeader.includes(cookieName)) return true
  return false
}

/** Returns the position at which a pair ends: a `;`, the comma between two joined headers, or the end of the header. */
function findPairEnd(cookieHeader: string, startIndex: number, mayBeJoined: boolean): number {
  const separator = cookieHeader.indexOf(';', startIndex)
  const endIndex = separator === -1 ? cookieHeader.length : separator
  const joint = mayBeJoined ? findJoint(cookieHeader, startIndex, endIndex) : -1
  return joint === -1 ? endIndex : joint
}

/** True if only space precedes this position, up to a `;` or the beginning of the header. */
function beginsPair(cookieHeader: string, startIndex: number): boolean {
  let index = startIndex - 1
  while (index >= 0 && isSpace(cookieHeader.charCodeAt(index))) index--
  return index < 0 || cookieHeader.charCodeAt(index) === semicolon
}

/** Reads the name of a pair. Without `=` it is the whole text, as a browser sends a nameless cookie. */
function readName(cookieHeader: string, startIndex: number, endIndex: number): string {
  let nameEnd = findCode(cookieHeader, equals, startIndex, endIndex)
  while (nameEnd > startIndex && isSpace(cookieHeader.charCodeAt(nameEnd - 1))) nameEnd--
  return cookieHeader.slice(skipSpace(cookieHeader, startIndex, nameEnd), nameEnd)
}

/** Returns the position of the first comma that is followed by text like `name=`, or -1. */
function findJoint(text: string, startIndex: number, endIndex: number): number {
  for (let index = findCode(text, comma, startIndex, endIndex); index < endIndex; ) {
    const nameStart = skipSpace(text, index + 1, endIndex)
    const nameEnd = findNameEnd(text, nameStart, endIndex)
    const next = skipSpace(text, nameEnd, endIndex)
    if (nameEnd > nameStart && next < endIndex && text.charCodeAt(next) === equals) return index
    index = findCode(text, comma, next, endIndex)
  }
  return -1
}

/** Returns the position of the first `=`, comma, space or control character. */
function findNameEnd(text: string, startIndex: number, endIndex: number): number {
  let index = startIndex
  let charCode = text.charCodeAt(index)
  while (index < endIndex && charCode !== equals && charCode !== comma && charCode > 0x20) {
    charCode = text.charCodeAt(++index)
  }
  return index
}

/** Searches like indexOf, but not beyond `endIndex`: otherwise many small pairs would take quadratic time. */
function findCode(text: string, charCode: number, startIndex: number, endIndex: number): number {
  let index = startIndex
  while (index < endIndex && text.charCodeAt(index) !== charCode) index++
  return index
}

function skipSpace(text: string, fromIndex: number, endIndex: number): number {
  while (fromIndex < endIndex && isSpace(text.charCodeAt(fromIndex))) fromIndex++
  return fromIndex
}

function isSpace(charCode: number): boolean {
  return charCode === 0x20 || charCode === 0x09
}
