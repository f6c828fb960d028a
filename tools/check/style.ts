/**
 * `npm run check:style`: measures how `src/` is written and fails where a measure is worse than its bound in style.json.
 * `npm run check:style -- --write` makes each bound as good as what was measured; it loosens none.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { measureProject } from './measure-style.ts'
import { compareStyle, type StyleBounds, tightenBounds } from './rules/ratchet.ts'

const file = 'tools/check/style.json'
/** Items listed for a measure that got worse. */
const shown = 20
const bounds = JSON.parse(readFileSync(file, 'utf8')) as StyleBounds
const style = measureProject('.')
const results = compareStyle(style, bounds)

for (const { value, bound, goal, what, status } of results)
  console.log(`${status.padEnd(7)}${value} (bound ${bound}, goal ${goal}) ${what}`)

const worse = results.filter(({ status }) => status === 'worse')
for (const { what, items } of worse) {
  console.error(`\nworse: ${what}`)
  for (const item of items.slice(0, shown)) console.error(`  ${item}`)
  if (items.length > shown) console.error('  ... all of them: node tools/check/measure-style.ts')
}

if (process.argv.includes('--write')) {
  writeFileSync(file, `${JSON.stringify(tightenBounds(style, bounds), null, 2)}\n`)
} else if (results.some(({ status }) => status === 'better')) {
  console.log('\nSome measures got better: keep them with `npm run check:style -- --write`.')
}
console.log(`style: ${results.length - worse.length} measures hold, ${worse.length} are worse`)
process.exitCode = worse.length > 0 ? 1 : 0
