/**
 * The Cookie header: our values read from it, our cookies taken out of it. One pass, no decoding, no quotes stripped:
 * what a browser stores under a name is what comes back under it, and nothing else is.
 */

/**
 * Characters of a Cookie header that are read; a pair that ends later is not there. As much as `limits.cookieBytes` can be
 * raised to and as any platform passes on: what a gateway lets through is also read. There is no limit on the number of pairs
 * below it: one would let a sibling host push our cookie out of sight with many small ones.
 */
export const maxCookieHeaderLength = 131_072

/** Values of one name that are returned; whoever asks decides what more than one means. */
const maxValues = 4

const comma = 0x2c
const semicolon = 0x3b
const equals = 0x3d

/**
 * Values of every cookie of this very name, in their order, at most four.
 *
 * Names compare exactly, with their case. Only space and tab around a pair are dropped, as a browser writes them: a name
 * between other kinds of white space is another name, or a sibling host could forge one with a prefix.
 * A value that holds `, name=` comes from two Cookie headers that a runtime joined, and is not used: nobody can say
 * where it ends.
 *
 * @see RFC 6265bis section 5.8.3
 */
export function readCookies(header: string | null | undefined, name: string): string[] {
  const values: string[] = []
  if (!header || name === '') return values
  let from = 0
  while (values.length < maxValues) {
    const at = header.indexOf(name, from)
    if (at === -1) break
    from = at + name.length
    if (header.charCodeAt(from) !== equals || !beginsPair(header, at)) continue
    let end = header.indexOf(';', from)
    if (end === -1) end = header.length
    if (end > maxCookieHeaderLength) break
    const start = skipSpace(header, from + 1, end)
    from = end
    while (end > start && isSpace(header.charCodeAt(end - 1))) end--
    // Natively first: a sealed value has hundreds of characters, and none of them is a comma.
    const joint = header.indexOf(',', start)
    if (joint === -1 || joint >= end || isJoinedAt(header, joint, end) === -1)
      values.push(header.slice(start, end))
  }
  return values
}

/**
 * The header without the named cookies; every other cookie byte for byte. null where none is left.
 *
 * A runtime joins two Cookie headers with `, `, so `a=1, __Host-session=x` hides ours in a's value: what follows a comma
 * and looks like a pair is judged as one here, and ours is cut out. The joint itself is left as it was between two
 * cookies that both stay, since a comma may also belong to a value.
 */
export function removeCookies(header: string | null, names: ReadonlySet<string>): string | null {
  if (!header) return null
  if (!mentionsAny(header, names)) return header
  const joined = header.includes(',')
  let kept = ''
  let whole = true
  for (let start = 0; start <= header.length; ) {
    let next = header.indexOf(';', start)
    if (next === -1) next = header.length
    const joint = joined ? isJoinedAt(header, start, next) : -1
    const end = joint === -1 ? next : joint
    if (names.has(readName(header, start, end))) whole = false
    else {
      if (kept === '') kept = header.slice(skipSpace(header, start, end), end)
      else kept += whole ? header.slice(start - 1, end) : `;${header.slice(start, end)}`
      whole = true
    }
    start = end + 1
  }
  return kept === '' ? null : kept
}

function mentionsAny(header: string, names: ReadonlySet<string>): boolean {
  for (const name of names) if (header.includes(name)) return true
  return false
}

/** Whether nothing but space stands between here and the `;`, or the beginning, before. */
function beginsPair(header: string, at: number): boolean {
  let before = at - 1
  while (before >= 0 && isSpace(header.charCodeAt(before))) before--
  return before < 0 || header.charCodeAt(before) === semicolon
}

/** The name of the pair between two positions; all of it where there is no `=`, as a browser sends a nameless cookie. */
function readName(header: string, start: number, end: number): string {
  let to = find(header, equals, start, end)
  while (to > start && isSpace(header.charCodeAt(to - 1))) to--
  return header.slice(skipSpace(header, start, to), to)
}

/** Position of the first comma that is followed by something like `name=`, or -1. */
function isJoinedAt(text: string, start: number, end: number): number {
  for (let at = find(text, comma, start, end); at < end; ) {
    const first = skipSpace(text, at + 1, end)
    let past = first
    let code = text.charCodeAt(past)
    while (past < end && code !== equals && code !== comma && code > 0x20)
      code = text.charCodeAt(++past)
    const named = past > first
    past = skipSpace(text, past, end)
    if (named && past < end && text.charCodeAt(past) === equals) return at
    at = find(text, comma, past, end)
  }
  return -1
}

/** Like indexOf, but never looks past `end`, or many small pairs would make the whole quadratic. */
function find(text: string, code: number, start: number, end: number): number {
  let at = start
  while (at < end && text.charCodeAt(at) !== code) at++
  return at
}

function skipSpace(text: string, from: number, end: number): number {
  while (from < end && isSpace(text.charCodeAt(from))) from++
  return from
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09
}
