/** Which licences come with us, by the lock file: pure, so that the test of it needs no folder. */

/** What a lock file says of a package. */
interface Locked {
  readonly license?: string
  readonly link?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** Nothing but a notice is asked of whoever ships these. */
const shipped: ReadonlySet<string> = new Set([
  'MIT',
  'ISC',
  '0BSD',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'Apache-2.0',
])
/** What may be used to build and test, and never leaves this repository. */
const used: ReadonlySet<string> = new Set([
  ...shipped,
  'BlueOak-1.0.0',
  'CC0-1.0',
  'MPL-2.0',
  'LGPL-3.0-or-later',
  'MIT OR Apache-2.0',
  'Apache-2.0 AND LGPL-3.0-or-later',
  'Apache-2.0 AND LGPL-3.0-or-later AND MIT',
])

/** Packages by whether they are in the hands of whoever uses us, with their licences, and what is wrong with any of them. */
export function judgeLicences(packages: Readonly<Record<string, Locked>>): {
  readonly shipped: ReadonlyMap<string, string>
  readonly used: ReadonlyMap<string, number>
  readonly faults: readonly string[]
} {
  const found = new Map<string, string>()
  const counted = new Map<string, number>()
  const faults: string[] = []

  // What we depend on, what we expect beside us, and what those bring.
  const names = new Set<string>()
  const add = (path: string): void => {
    const { dependencies = {}, peerDependencies = {} } = packages[path] ?? {}
    for (const name of [...Object.keys(dependencies), ...Object.keys(peerDependencies)]) {
      if (names.has(name)) continue
      names.add(name)
      add(`node_modules/${name}`)
    }
  }

  add('')
  for (const [path, { license, link }] of Object.entries(packages)) {
    // The project itself, and its own workspaces.
    if (!path.includes('node_modules/') || link) continue

    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
    const licence = license ?? 'none'

    if (names.has(name)) found.set(name, licence)
    else counted.set(licence, (counted.get(licence) ?? 0) + 1)
    if (!(names.has(name) ? shipped : used).has(licence))
      faults.push(`${name}: ${licence} is on no list`)
  }

  return { shipped: found, used: counted, faults }
}
