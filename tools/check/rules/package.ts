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
      for (const name of after.filter((each) => !before.includes(each)))
        faults.push(`${door} exports ${name}: new`)
      for (const name of before.filter((each) => !after.includes(each)))
        faults.push(`${door} exports ${name}: gone`)
    }
  }

  return faults
}

/** What a registry shows of the package: where it comes from, and a README whose links lead somewhere there. */
export function registryFaults(
  manifest: Readonly<Record<string, unknown>>,
  readme: string,
): string[] {
  const faults: string[] = []
  for (const field of ['repository', 'homepage', 'bugs', 'keywords', 'license', 'description']) {
    if (manifest[field] === undefined) faults.push(`package.json has no ${field}`)
  }
  if (manifest.version === '0.0.0') faults.push('package.json has the version of nothing')
  for (const [, link = ''] of readme.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (!/^(?:https:|#)/.test(link)) faults.push(`README.md: ${link} leads nowhere on npm`)
  }

  return faults
}

/** Fewer than so many files are in the tarball: every one is unpacked at every install. */
const fileLimit = 700

/** Says that the tarball has too many files. */
export function fileFaults(count: number): string[] {
  return count < fileLimit ? [] : [`the tarball holds ${count} files, not fewer than ${fileLimit}`]
}

/** What applications import: each must weigh the same from the package as from the sources. */
export const parts: ReadonlyArray<Readonly<Record<string, string>>> = [
  { './session': 'session, statelessSessions' },
  { './session': 'session, storedSessions', './store/upstash': 'upstashStore' },
  { './session': 'session, storedSessions', './store/postgres': 'postgresStore' },
  { './session': 'session, storedSessions', './store/durable-object': 'durableObjectStore' },
  { './headers': 'secureHeaders', './csrf': 'csrf' },
  { './compiled': 'compiledCsrf, compiledHeaders' },
  { './gateway': 'createGateway' },
  { './gateway': 'createGateway', './login': 'gatewayLogin' },
  { './login': 'login' },
  { './limit': 'rateLimit' },
  { './monitor': 'monitor' },
  { './origin': 'createOrigin' },
  { '.': 'portcullis' },
]

/** A part as a bundler of an application makes it. */
export interface PartBundle {
  /** Minified. */
  readonly text: string
  /** After gzip. */
  readonly bytes: number
}

/**
 * Says where a part of the package weighs 1 % more or less than that of the sources, and which words of code that nobody
 * imported it holds: a minifier leaves texts and names of members as they are.
 */
export function partFaults(name: string, source: PartBundle, packed: PartBundle): string[] {
  const faults: string[] = []
  if (Math.abs(packed.bytes - source.bytes) > source.bytes / 100)
    faults.push(`${name} weighs ${packed.bytes} bytes packed, ${source.bytes} from the sources`)

  const known = wordsOf(source.text)
  const extra = [...wordsOf(packed.text)].filter((word) => !known.has(word))
  if (extra.length > 0) faults.push(`${name} holds what nobody imported: ${extra.join(', ')}`)
  return faults
}

function wordsOf(text: string): Set<string> {
  return new Set(text.match(/[A-Za-z_]{5,}/g))
}

/** What is behind a door, all of it: who imports one name gets less. */
interface Door {
  /** The outside packages it brings into a bundle. `hono` is the peer whose code, not only its types, is needed. */
  readonly brings: readonly string[]
  /** Bytes it may weigh, minified and gzipped, with what it brings: what is there and a tenth more. */
  readonly most: number
}

/** Every door: who verifies no assertion does not ship jose, who has no Redis does not ship its client. */
const doors: Readonly<Record<string, Door>> = {
  '.': { brings: [], most: 69_200 },
  './session': { brings: ['bowser'], most: 45_900 },
  './store': { brings: [], most: 3_600 },
  // Adopts a client of @upstash/redis: with batches and rounds of portcullis/redis.
  './store/upstash': { brings: [], most: 8_700 },
  './store/durable-object': { brings: [], most: 13_000 },
  './store/postgres': { brings: [], most: 6_800 },
  './store/d1': { brings: [], most: 5_900 },
  './store/unstorage': { brings: [], most: 1_000 },
  './redis': { brings: [], most: 9_600 },
  './limit': { brings: [], most: 28_250 },
  './limit/upstash': { brings: ['@upstash/ratelimit'], most: 21_050 },
  './headers': { brings: [], most: 13_550 },
  './csrf': { brings: [], most: 10_800 },
  './compiled': { brings: [], most: 4_800 },
  './access': { brings: [], most: 13_700 },
  './graphql': { brings: [], most: 15_000 },
  './monitor': { brings: ['hono', 'bowser'], most: 26_100 },
  './page': { brings: [], most: 10_000 },
  './gateway': { brings: [], most: 105_800 },
  './vercel': { brings: ['jose'], most: 70_700 },
  './login': { brings: ['jose', 'oauth4webapi'], most: 49_000 },
  './crypto': { brings: [], most: 5_930 },
  './cookie': { brings: [], most: 4_050 },
  './testing': { brings: ['jose'], most: 48_750 },
  './proxy': { brings: [], most: 24_800 },
  './assertion': { brings: ['jose'], most: 11_300 },
  './origin': { brings: ['jose'], most: 11_000 },
  './node': { brings: ['hono'], most: 25_300 },
}

/** Words that only the code of one room can bring, and the doors behind which that room is. */
const words: ReadonlyArray<readonly [word: string, doors: readonly string[]]> = [
  [
    'evalsha',
    ['./redis', './store/upstash', './limit', './limit/upstash', './monitor', './gateway'],
  ],
  [
    'ES256',
    [
      './proxy',
      './assertion',
      './origin',
      './session',
      './gateway',
      './vercel',
      './login',
      './testing',
    ],
  ],
  ['Portcullis-Session', ['./proxy', './gateway', './vercel', './origin', './testing']],
  ['PBKDF2', ['.', './session', './crypto', './login']],
  // @upstash/ratelimit asks whether there is a process.
  ['process.', ['./limit/upstash', './node']],
  ['node:', ['./node']],
  ['Buffer.from', ['./node']],
]

/** Doors that need Node, and its types: every other one must work where there are none. */
export function needsNode(door: string): boolean {
  return door === './node'
}

/** Doors that need an optional peer: the others must work where it is not installed. */
export function needsUpstash(door: string): boolean {
  return doors[door]?.brings.some((name) => name.startsWith('@upstash/')) ?? false
}

/** What a bundle of a door is. */
export interface DoorBundle {
  /** Paths of what it was made of. */
  readonly inputs: readonly string[]
  /** Minified. */
  readonly text: string
  /** After gzip. */
  readonly bytes: number
}

/** Says what has no business behind this door: packages, words, weight; and what the table says and is not there. */
export function doorFaults(door: string, { inputs, text, bytes }: DoorBundle): string[] {
  const rule = doors[door]
  if (rule === undefined)
    return [
      `${door} has no line in tools/check/rules/package.ts: what may it bring, what may it weigh?`,
    ]

  const found = packagesOf(inputs)
  const faults = [...found]
    .filter((name) => !rule.brings.includes(name))
    .map((name) => `${door} brings ${name}`)

  for (const name of rule.brings)
    if (!found.has(name)) faults.push(`${door} no longer brings ${name}: say so`)
  for (const [word, where] of words) {
    if (!where.includes(door) && text.includes(word)) faults.push(`${door} holds the word ${word}`)
  }

  if (bytes > rule.most)
    faults.push(`${door} weighs ${bytes} bytes after gzip, more than ${rule.most}`)
  return faults
}

/** Outside packages among the inputs of a bundle; what one of them needs for itself counts as that one. */
function packagesOf(inputs: readonly string[]): Set<string> {
  const own: Readonly<Record<string, string>> = {
    '@upstash/core-analytics': '@upstash/ratelimit',
    uncrypto: '@upstash/redis',
  }
  const found = new Set<string>()

  for (const path of inputs.map((input) => input.replaceAll('\\', '/'))) {
    const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path) ?? []
    if (name && name !== 'portcullis') found.add(own[name] ?? name)
  }

  return found
}
