/** `npm run check:licences`: every package in the lock file has a licence that is on our list, and docs/licences.md says so. */
import { readFileSync, writeFileSync } from 'node:fs'
import { judgeLicences } from './rules/licences.ts'

const page = 'docs/licences.md'
const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  packages: Parameters<typeof judgeLicences>[0]
}
const { shipped, used, faults } = judgeLicences(packages)
const text = `# Licences

Portcullis is [MIT](../LICENSE). By \`package-lock.json\`; \`node tools/check/licences.ts --write\` writes this page, and
\`npm run check\` fails where it is out of date or a licence is on no list.

## With the package, or beside it

\`jose\` comes with it; the others are peers, or what peers bring.

| package | licence |
|---|---|
${[...shipped]
  .sort()
  .map(([name, licence]) => `| \`${name}\` | ${licence} |`)
  .join('\n')}

## To build and to test

None of these leaves the repository.

| licence | packages |
|---|---|
${[...used]
  .sort(([, a], [, b]) => b - a)
  .map(([licence, count]) => `| ${licence} | ${count} |`)
  .join('\n')}
`
if (process.argv.includes('--write')) writeFileSync(page, text)
const current = readFileSync(page, 'utf8') === text
if (!current)
  console.error(`licences: ${page} is out of date: node tools/check/licences.ts --write`)
for (const fault of faults) console.error(`licences: ${fault}`)
if (current && faults.length === 0)
  console.log(`licences: ${shipped.size} packages beside ours, all permissive`)
process.exitCode = current && faults.length === 0 ? 0 : 1
