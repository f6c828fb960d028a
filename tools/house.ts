/** The rules of the house as one pure function over its files: floors, windows, doors, circles and sizes. */
import { posix } from 'node:path'
import { codeOf, importsOf } from './source.ts'

/** What lives on each floor, from the ground up: a folder of `src/` is a room, a file of `src/` a room of its own. */
const floors: readonly string[][] = [
  ['errors.ts', 'types.ts'],
  ['options', 'page'],
  ['crypto', 'cookie', 'request', 'redis', 'graphql-syntax', 'parameters'],
  ['store'],
  ['session', 'limit', 'headers', 'csrf', 'access', 'graphql', 'monitor'],
  ['stack', 'compiled', 'login'],
  ['gateway'],
  ['index.ts', 'vercel', 'testing'],
]

/** Where each outside package may be imported; any other package, and `node:*`, nowhere. */
const windows: Readonly<Record<string, RegExp>> = {
  hono: /^src\/(?:[\w-]+\/middleware\.ts$|(?:gateway|stack|vercel|testing)\/|session\/context\.ts$)|^worker\//,
  jose: /^src\/(?:gateway\/verify\.ts$|login\/)/,
  oauth4webapi: /^src\/login\//,
  '@upstash/redis': /^src\/redis\//,
  '@upstash/ratelimit': /^src\/limit\/upstash\.ts$/,
  'cloudflare:': /^worker\/index\.ts$/,
  'node:': /^node\//,
}

/** What the outside, `worker/` and `node/` among it, may import: a room's index, and the rooms with a second door. */
const door =
  /^src\/(?:(?:[\w-]+\/)?index|(?:store|limit)\/upstash|store\/unstorage|gateway\/names)\.ts$/

/** Every broken rule, as `file: what`, for the files below `src/`, `worker/` and `node/` among these. */
export function checkHouse(files: ReadonlyMap<string, string>): string[] {
  const faults: string[] = []
  const edges = new Map<string, string[]>()
  for (const [file, text] of files) {
    if (!/^(?:src|worker|node)\//.test(file)) continue
    const say = (fault: string | undefined): unknown => fault && faults.push(`${file}: ${fault}`)
    const needs: string[] = []
    for (const { name, typeOnly } of importsOf(text)) {
      if (name === undefined) say('imports what is not written out, so nobody can check it')
      else if (!name.startsWith('.')) say(outdoors(file, name))
      else {
        const target = posix.join(posix.dirname(file), name)
        say(indoors(file, target))
        if (!typeOnly) needs.push(target)
      }
    }
    edges.set(file, needs)
    say(size(file, text))
    if (file.startsWith('src/')) for (const fault of exportFaults(file, codeOf(text))) say(fault)
  }
  return [...faults, ...circles(edges)]
}

function indoors(file: string, target: string): string | undefined {
  const outside = /^(?:worker|node)\//.exec(file)?.[0]
  if (outside !== undefined) {
    return target.startsWith(outside) || door.test(target)
      ? undefined
      : `walks past the doors to ${target}`
  }
  const [from, to] = [floorOf(file), floorOf(target)]
  if (from === -1 || to === -1) return `no floor for ${from === -1 ? file : target}`
  if (roomOf(file) === roomOf(target)) {
    return target.endsWith('/index.ts')
      ? `goes through the door of its own room, ${target}`
      : undefined
  }
  if (to === from)
    return `${roomOf(file)} and ${roomOf(target)} are on one floor and do not know each other`
  return to < from ? undefined : `floor ${from} imports ${target} on floor ${to}`
}

function outdoors(file: string, name: string): string | undefined {
  const window = Object.keys(windows).find(
    (key) => name === key || name.startsWith(key.endsWith(':') ? key : `${key}/`),
  )
  if (!window) return `no window for ${name}`
  return windows[window]?.test(file) ? undefined : `${name} has no window here`
}

function size(file: string, text: string): string | undefined {
  const lines = text.split('\n').length - 1
  const limit = file.endsWith('/middleware.ts') ? 60 : 200
  return lines > limit ? `${lines} lines, more than ${limit}` : undefined
}

function exportFaults(file: string, code: string): string[] {
  const faults: string[] = []
  if (/^export\s+default\b|\bas\s+default\b/m.test(code)) faults.push('has a default export')
  if (!file.endsWith('/index.ts')) return faults
  if (file.split('/').length > 3) faults.push('only a room has an index.ts')
  // `export *` is none of them: a door says what passes through it.
  const rest = code.replace(/^export\s+(?:type\s+)?\{[^{}]*\}\s+from\s+'[^']+';?/gm, '').trim()
  if (rest) faults.push(`holds more than export lines: ${rest.split('\n')[0]}`)
  return faults
}

/** Each way back to where an import started, told once. Types are not followed: they are gone when the code runs. */
function circles(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = []
  const done = new Set<string>()
  const path: string[] = []
  const walk = (file: string): void => {
    const since = path.indexOf(file)
    if (since !== -1)
      found.push(
        `${file}: imports itself in a circle: ${[...path.slice(since), file].join(' -> ')}`,
      )
    if (since !== -1 || done.has(file)) return
    path.push(file)
    for (const target of edges.get(file) ?? []) walk(target)
    path.pop()
    done.add(file)
  }
  for (const file of edges.keys()) walk(file)
  return found
}

function roomOf(file: string): string {
  return file.startsWith('src/') ? (file.split('/')[1] ?? '') : file
}

function floorOf(file: string): number {
  return floors.findIndex((rooms) => rooms.includes(roomOf(file)))
}
