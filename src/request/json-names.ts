/** Names that stand twice in one object of a JSON text, which parsers settle differently (RFC 8259 section 4). */

const quote = 0x22
const backslash = 0x5c

/**
 * Whether some object of a text has two members of one name. The text must be JSON, as `JSON.parse` has it: then a string
 * before a colon is a name. One pass, no recursion.
 */
export function hasTwins(json: string): boolean {
  const open: Array<Set<string>> = []
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (code === 0x7b) open.push(new Set())
    else if (code === 0x7d) open.pop()
    if (code !== quote) continue
    const start = at
    for (at++; json.charCodeAt(at) !== quote && at < json.length; at++) if (json.charCodeAt(at) === backslash) at++
    if (json.charCodeAt(afterSpace(json, at + 1)) !== 0x3a) continue
    const name = JSON.parse(json.slice(start, at + 1)) as string
    const names = open.at(-1)
    if (names?.has(name)) return true
    names?.add(name)
  }
  return false
}

function afterSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && text.charCodeAt(at) <= 0x20) at++
  return at
}
