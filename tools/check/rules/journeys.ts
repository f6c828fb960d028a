/** Which page of the documentation which journey walks, as pure functions over their list. */
import { globSync, readFileSync } from 'node:fs'

/** The part of a journey that says where it goes. */
export interface Route {
  readonly name: string
  readonly pages: readonly string[]
}

/** Every page that is for users: README.md and all of docs/. */
export function listPages(): string[] {
  return globSync(['README.md', 'docs/**/*.md'])
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
}

/** Pages that no journey walks, and pages of journeys that are not there. */
export function findUnwalked(
  journeys: readonly Route[],
  pages: readonly string[] = listPages(),
): string[] {
  const named = new Set(journeys.flatMap((journey) => journey.pages))
  const unwalked = pages
    .filter((page) => !named.has(page))
    .map((page) => `${page} is walked by no journey of test/journeys`)
  const missing = journeys.flatMap(({ name, pages: own }) =>
    own
      .filter((page) => !pages.includes(page) && !isThere(page))
      .map((page) => `the journey "${name}" names ${page}, which is not there`),
  )

  return [...unwalked, ...missing]
}

function isThere(path: string): boolean {
  try {
    readFileSync(path)
    return true
  } catch {
    return false
  }
}
