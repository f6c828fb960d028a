/**
 * `npm run check:regex`: every regular expression in `src/`, `worker/` and `node/` must be linear on whatever text an attacker sends.
 * recheck judges each; what it cannot judge counts as unsafe, and is to be rewritten or done by hand.
 */
import { globSync, readFileSync } from 'node:fs'
import { check } from 'recheck'
import { type RegexLiteral, regexesOf } from './rules/regexes.ts'

/** Where one is put together while the program starts: plain words and `|`, for secrets that an operator chose. */
const builtOfWords: ReadonlySet<string> = new Set(['src/crypto/secret.ts'])
/** Milliseconds for one expression; most take a few. */
const timeout = 20_000

const files = globSync(['src/**/*.ts', 'worker/**/*.ts', 'node/**/*.ts'])
  .map((path) => path.replaceAll('\\', '/'))
  .sort()
const found: Array<RegexLiteral & { file: string }> = []
const faults: string[] = []
for (const file of files) {
  const text = readFileSync(file, 'utf8')
  for (const literal of regexesOf(text)) found.push({ file, ...literal })
  // What is put together while the program runs cannot be judged before.
  for (const [index, line] of text.split('\n').entries()) {
    if (/\bnew RegExp\(/.test(line) && !builtOfWords.has(file))
      faults.push(`${file}:${index + 1}: new RegExp(): write it out, so that it can be judged`)
  }
}
/** The same expression in two places is judged once. */
const judged = new Map<string, ReturnType<typeof judge>>()
for (const { file, line, source, flags } of found) {
  const key = `/${source}/${flags}`
  const verdict = judged.get(key) ?? judge(source, flags)
  judged.set(key, verdict)
  const fault = await verdict
  if (fault !== undefined) faults.push(`${file}:${line}: ${key} is ${fault}`)
}
for (const fault of faults) console.error(fault)
console.log(
  faults.length === 0
    ? `regex: ${found.length} expressions in ${files.length} files are safe`
    : `regex: ${faults.length} faults`,
)
process.exitCode = faults.length > 0 ? 1 : 0

async function judge(source: string, flags: string): Promise<string | undefined> {
  const result = await check(source, flags, { timeout })
  if (result.status === 'safe') return undefined
  if (result.status === 'unknown') return `not judged (${result.error.kind})`

  return `${result.complexity.summary}, with ${JSON.stringify(result.attack.pattern.slice(0, 80))}`
}
