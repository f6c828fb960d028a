/**
 * `node tools/dev/case-tables.ts`: writes test/vectors/case-mappings.json, every pair of a code point and a text that Java, Python or
 * JavaScript compare as equal without case. It needs `java` and `python3` (3.11). .NET's invariant and ordinal comparisons use the
 * simple mappings of UnicodeData.txt (System.Globalization, CharUnicodeInfo.ToUpper), which are those of Java's
 * `Character.toUpperCase`, and leave some out: what Java takes for the same covers them. It also writes
 * src/request/path/recent-letters.ts, for runtimes whose Unicode is older than Node's.
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { writeRecentLetters } from './case-tables/recent-letters.ts'

const folder = 'tools/dev/case-tables'
const read = (command: string, args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 26 })

const pairs = new Map<number, Set<string>>()

function add(code: number, text: string): void {
  if (text === String.fromCodePoint(code)) return
  const texts = pairs.get(code) ?? new Set()
  pairs.set(code, texts.add(text))
}

for (const output of [
  read('java', [`${folder}/CaseTables.java`]),
  read('python3', [`${folder}/case_tables.py`]),
]) {
  for (const line of output.split('\n')) {
    const [code, text] = line.split('\t')
    if (code !== undefined && text !== undefined) add(Number(code), text)
  }
}

for (let code = 0; code <= 0x10ffff; code++) {
  if (code >= 0xd800 && code <= 0xdfff) continue
  const char = String.fromCodePoint(code)
  for (const text of [
    char.toLowerCase(),
    char.toUpperCase(),
    char.toLocaleLowerCase('tr'),
    char.toLocaleUpperCase('tr'),
  ]) {
    add(code, text)
  }
}

// What the flag `i` of a regular expression takes for the same, with `u` (simple folding) and without (upper case).
const cased = [
  ...new Set(
    [...pairs].flatMap(([code, texts]) => [String.fromCodePoint(code), ...[...texts].join('')]),
  ),
].join('')
for (const char of cased) {
  for (const flags of ['giu', 'gi']) {
    if (flags === 'gi' && char.length > 1) continue
    const same = new RegExp(char.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'), flags)
    for (const [other] of cased.matchAll(same)) add(char.codePointAt(0) as number, other)
  }
}

const java = read('java', ['--version']).split('\n', 1)[0]
const python = read('python3', ['--version']).trim()
const rows = [...pairs]
  .sort(([a], [b]) => a - b)
  .map(([code, texts]) => [String.fromCodePoint(code), ...[...texts].sort()])
const source = `tools/dev/case-tables.ts with ${java}, ${python}, Node ${process.version} (Unicode ${process.versions.unicode})`
const lines = rows.map((row) => JSON.stringify(row)).join(',\n')
writeFileSync(
  'test/vectors/case-mappings.json',
  `{\n"source": ${JSON.stringify(source)},\n"same": [\n${lines}\n]\n}\n`,
)
console.log(
  `${rows.length} code points have ${rows.reduce((sum, row) => sum + row.length - 1, 0)} other spellings`,
)

writeRecentLetters(read('python3', [`${folder}/assigned.py`]))
