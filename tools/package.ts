/** What the package promises about its doors, as pure functions: the names behind each, the packages each pulls in. */
import type { ExportList } from './source.ts'

/** Export lists by door, as `test/package/exports.json` holds them. */
export type Doors = Readonly<Record<string, ExportList>>

/** Says what came and what went since the lists were written down. */
export function compareExports(written: Doors, found: Doors): string[] {
  const faults: string[] = []
  for (const door of new Set([...Object.keys(written), ...Object.keys(found)])) {
    for (const kind of ['values', 'types'] as const) {
      const [before, after] = [written[door]?.[kind] ?? [], found[door]?.[kind] ?? []]
      for (const name of after.filter((each) => !before.includes(each))) faults.push(`${door} exports ${name}: new`)
      for (const name of before.filter((each) => !after.includes(each))) faults.push(`${door} exports ${name}: gone`)
    }
  }
  return faults
}

/**
 * The outside packages a door may bring into a bundle. A door that is not here may bring Hono, its peer, and no other:
 * who signs no assertion does not ship jose, who has no Redis does not ship its client.
 */
const mayBring: Readonly<Record<string, readonly string[]>> = {
  './crypto': [],
  './cookie': [],
  './page': ['hono'],
  './redis': [],
  './store/upstash': [],
  './limit/upstash': ['hono', '@upstash/ratelimit'],
  './gateway': ['hono', 'jose'],
  './vercel': ['hono', 'jose'],
}

/** Doors that need an optional peer: the others must work where it is not installed. */
export function needsUpstash(door: string): boolean {
  return mayBring[door]?.some((name) => name.startsWith('@upstash/')) ?? false
}

/** Says which packages among a bundle's input files have no business behind this door. */
export function strangers(door: string, inputs: readonly string[]): string[] {
  const found = new Set<string>()
  for (const path of inputs.map((input) => input.replaceAll('\\', '/'))) {
    const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path) ?? []
    if (name && name !== 'portcullis') found.add(name)
  }
  const allowed = mayBring[door] ?? ['hono']
  // What a welcome package needs for itself comes with it.
  const own: Readonly<Record<string, string>> = {
    '@upstash/core-analytics': '@upstash/ratelimit',
  }
  return [...found]
    .filter((name) => !allowed.includes(own[name] ?? name))
    .map((name) => `${door} brings ${name} into a bundle`)
}
