/** `npm run check:journeys`: lists each page of the documentation with the journeys that walk it; each must have one. */
import { journeys } from '../../test/journeys/list.ts'
import { findUnwalked, listPages } from './rules/journeys.ts'

const pages = listPages()
for (const page of pages) {
  const names = journeys.filter((journey) => journey.pages.includes(page)).map(({ name }) => name)
  console.log(`${page.padEnd(44)} ${names.join(', ')}`)
}

const faults = findUnwalked(journeys)
for (const fault of faults) console.error(fault)
console.log(
  faults.length === 0
    ? `journeys: ${journeys.length} walk all of ${pages.length} pages`
    : `journeys: ${faults.length} faults`,
)
process.exitCode = faults.length > 0 ? 1 : 0
