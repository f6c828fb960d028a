/**
 * Reads our cookies from a Cookie header and removes them from it, in one pass, without decoding and without stripping
 * quotes: a value is returned exactly as a browser stores it.
 */

/**
 * Characters of a Cookie header that are read; a pair that ends later is ignored. `limits.cookieBytes` cannot be higher and
 * no platform forwards more, so every cookie that a gateway accepts is read. The number of pairs is not limited: a limit
 * would let a sibling host hide our cookie behind many small ones.
 */
export const maxCookieHeaderLength = 131_072

/** Values of one name that are returned. The caller decides what more than one means. */
const maxValues = 4

const comma = 0x2c
const semicolon = 0x3b
const equals = 0x3d

/**
 * Returns the values of every cookie with exactly this name in their order, at most four.
 *
 * Names are compared with their case. Only space and tab around a pair are dropped, as a browser writes them: a name between
 * other kinds of white space is another name, or a sibling host could forge one with a prefix. A value that contains
 * `, name=` comes from two Cookie headers that a runtime joined. It is not used, because its end is unknown.
 *
 * @example
 * ```ts
 * const [theme] = readCookies(request.headers.get('cookie'), 'theme')
 * ```
 * @see RFC 6265bis section 5.8.3
 */
export function readCookies(header: string | null | undefined, name: string): string[] {
  const values: string[] = []
  if (!header || name === '') return values

  let from = 0
  while (values.length < maxValues) {
    const start = header.indexOf(name, from)
    if (start === -1) break
    from = start + name.length
    if (header.charCodeAt(from) !== equals || !beginsPair(header, start)) continue

    let end = header.indexOf(';', from)
    if (end === -1) end = header.length
    if (end > maxCookieHeaderLength) break

    const valueStart = skipSpace(header, from + 1, end)
    from = end
    while (end > valueStart && isSpace(header.charCodeAt(end - 1))) end--

    // The native search comes first: a sealed value has hundreds of characters, and none of them is a comma.
    const joint = header.indexOf(',', valueStart)
    if (joint === -1 || joint >= end || findJoint(header, joint, end) === -1) {
      values.push(header.slice(valueStart, end))
    }
  }
  return values
}

/**
 * Returns the header without the named cookies; every other cookie stays byte for byte. Returns null if no cookie is left.
 *
 * A runtime joins two Cookie headers with `, `, so `a=1, __Host-session=x` would hide our cookie in the value of `a`. Text
 * after a comma that looks like a pair is therefore treated as a pair. Between two cookies that both stay, the comma stays
 * too, since it may belong to a value.
 *
 * @example
 * ```ts
 * removeCookies('a=1; __Host-session=x; b=2', new Set(['__Host-session'])) // 'a=1; b=2'
 * ```
 */
export function removeCookies(header: string | null, names: ReadonlySet<string>): string | null {
  if (!header) return null
  if (!mentionsAny(header, names)) return header

  const mayBeJoined = header.includes(',')
  let result = ''
  let followsKeptPair = true

  for (let start = 0; start <= header.length; ) {
    const end = findPairEnd(header, start, mayBeJoined)
    const isRemoved = names.has(readName(header, start, end))
    if (!isRemoved) {
      if (result === '') result = header.slice(skipSpace(header, start, end), end)
      // The separator before the pair stays as it was, unless it followed a cookie that was removed.
      else if (followsKeptPair) result += header.slice(start - 1, end)
      else result += `;${header.slice(start, end)}`
    }
    followsKeptPair = !isRemoved
    start = end + 1
  }
  return result === '' ? null : result
}

function mentionsAny(header: string, names: ReadonlySet<string>): boolean {
  for (const name of names) if (header.includes(name)) return true
  return false
}

/** Returns the position of the `;`, of the joint of two headers, or of the end that follows `start`. */
function findPairEnd(header: string, start: number, mayBeJoined: boolean): number {
  const separator = header.indexOf(';', start)
  const end = separator === -1 ? header.length : separator
  const joint = mayBeJoined ? findJoint(header, start, end) : -1
  return joint === -1 ? end : joint
}

/** True if only space precedes this position, up to a `;` or the beginning of the header. */
function beginsPair(header: string, start: number): boolean {
  let index = start - 1
  while (index >= 0 && isSpace(header.charCodeAt(index))) index--
  return index < 0 || header.charCodeAt(index) === semicolon
}

/** Reads the name of a pair. Without `=` it is the whole text, as a browser sends a nameless cookie. */
function readName(header: string, start: number, end: number): string {
  let nameEnd = findCode(header, equals, start, end)
  while (nameEnd > start && isSpace(header.charCodeAt(nameEnd - 1))) nameEnd--
  return header.slice(skipSpace(header, start, nameEnd), nameEnd)
}

/** Returns the position of the first comma that is followed by text like `name=`, or -1. */
function findJoint(text: string, start: number, end: number): number {
  for (let index = findCode(text, comma, start, end); index < end; ) {
    const nameStart = skipSpace(text, index + 1, end)
    const nameEnd = findNameEnd(text, nameStart, end)
    const next = skipSpace(text, nameEnd, end)
    if (nameEnd > nameStart && next < end && text.charCodeAt(next) === equals) return index
    index = findCode(text, comma, next, end)
  }
  return -1
}

/** Returns the position of the first `=`, comma, space or control character. */
function findNameEnd(text: string, start: number, end: number): number {
  let index = start
  let code = text.charCodeAt(index)
  while (index < end && code !== equals && code !== comma && code > 0x20) {
    code = text.charCodeAt(++index)
  }
  return index
}

/** Searches like indexOf, but never past `end`: otherwise many small pairs would take quadratic time. */
function findCode(text: string, code: number, start: number, end: number): number {
  let index = start
  while (index < end && text.charCodeAt(index) !== code) index++
  return index
}

function skipSpace(text: string, from: number, end: number): number {
  while (from < end && isSpace(text.charCodeAt(from))) from++
  return from
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09
}
