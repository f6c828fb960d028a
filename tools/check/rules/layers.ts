/** The rules of the architecture as one pure function over its files: layers, allowed imports, entry points, circles and sizes. */
import { posix } from 'node:path'
import { codeOf, importsOf } from './source.ts'

/** The modules of each layer, lowest first. A folder of `src/` is a module; a file directly in `src/` is a module of its own. */
const layers: readonly string[][] = [
  ['errors.ts', 'types.ts'],
  ['events.ts', 'memory'],
  ['options', 'page'],
  ['crypto', 'cookie', 'request', 'redis', 'graphql-syntax', 'parameters'],
  ['store'],
  ['session', 'limit', 'headers', 'csrf', 'access', 'graphql', 'monitor', 'assertion'],
  ['login', 'session-protocol', 'origin'],
  ['proxy'],
  ['stack', 'compiled', 'durable-object'],
  ['gateway'],
  ['index.ts', 'vercel', 'testing'],
]

/** The files that may import each package. Any other package may be imported nowhere. */
const allowedImports: Readonly<Record<string, RegExp>> = {
  hono: /^src\/(?:[\w-]+\/middleware\.ts$|(?:gateway|stack|vercel|testing)\/)|^worker\//,
  jose: /^src\/(?:assertion\/verify\.ts$|login\/)/,
  bowser: /^src\/request\/client\/device\.ts$/,
  oauth4webapi: /^src\/login\//,
  '@upstash/redis': /^src\/redis\//,
  '@upstash/ratelimit': /^src\/limit\/upstash\.ts$/,
  'cloudflare:': /^worker\/index\.ts$/,
  'node:': /^node\//,
}

/** What code outside `src/`, `worker/` and `node/` included, may import: a module's index and the few further entry points. */
const entryPoints =
  /^src\/(?:(?:[\w-]+\/)?index|(?:store|limit)\/upstash|store\/(?:unstorage|postgres|d1)|proxy\/header-filters|redis\/redis)\.ts$/

/** Every broken rule, as `file: what`, for the files below `src/`, `worker/` and `node/` among these. */
export function checkLayers(files: ReadonlyMap<string, string>): string[] {
  const problems: string[] = []
  const edges = new Map<string, string[]>()

  for (const [file, text] of files) {
    if (!/^(?:src|worker|node)\//.test(file)) continue

    const say = (problem: string | undefined): unknown =>
      problem && problems.push(`${file}: ${problem}`)
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

    if (file.startsWith('src/'))
      for (const problem of exportProblems(file, codeOf(text))) say(problem)
  }

  return [...problems, ...fullFolders([...files.keys()]), ...circles(edges)]
}

/** Files that a folder may hold beside its own folders: as many as a reader takes in from one listing. */
const mostFilesInFolder = 15

/** Finds the folders of `src/` that hold too many files. Files in folders below one do not count for it. */
function fullFolders(files: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const file of files) {
    const folder = posix.dirname(file)
    if (`${folder}/`.startsWith('src/')) counts.set(folder, (counts.get(folder) ?? 0) + 1)
  }

  return [...counts]
    .filter(([, count]) => count > mostFilesInFolder)
    .map(
      ([folder, count]) =>
        `${folder}/: holds ${count} files, more than ${mostFilesInFolder}; give some of them a folder of their own`,
    )
}

function indoors(file: string, target: string): string | undefined {
  const outside = /^(?:worker|node)\//.exec(file)?.[0]
  if (outside !== undefined) {
    return target.startsWith(outside) || entryPoints.test(target)
      ? undefined
      : `imports ${target}, which is not an entry point`
  }

  const [from, to] = [layerOf(file), layerOf(target)]
  if (from === -1 || to === -1) return `no layer for ${from === -1 ? file : target}`
  if (moduleOf(file) === moduleOf(target)) {
    return target.endsWith('/index.ts')
      ? `imports the index of its own module, ${target}`
      : undefined
  }

  if (to === from)
    return `${moduleOf(file)} and ${moduleOf(target)} are in one layer and may not import each other`

  return to < from ? undefined : `layer ${from} imports ${target} of layer ${to}`
}

function outdoors(file: string, name: string): string | undefined {
  const allowed = Object.keys(allowedImports).find(
    (key) => name === key || name.startsWith(key.endsWith(':') ? key : `${key}/`),
  )
  if (!allowed) return `${name} is not an allowed import`
  return allowedImports[allowed]?.test(file) ? undefined : `${name} may not be imported here`
}

function size(file: string, text: string): string | undefined {
  const lines = text.split('\n').length - 1
  const limit = file.endsWith('/middleware.ts') ? 80 : 350
  return lines > limit ? `${lines} lines, more than ${limit}` : undefined
}

function exportProblems(file: string, code: string): string[] {
  const problems: string[] = []
  if (/^export\s+default\b|\bas\s+default\b/m.test(code)) problems.push('has a default export')
  if (!file.endsWith('/index.ts')) return problems

  if (file.split('/').length > 3) problems.push('only a module has an index.ts')
  // `export *` is not allowed: an entry point names what it exports.
  const rest = code.replace(/^export\s+(?:type\s+)?\{[^{}]*\}\s+from\s+'[^']+';?/gm, '').trim()
  if (rest) problems.push(`holds more than export lines: ${rest.split('\n')[0]}`)

  return problems
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

function moduleOf(file: string): string {
  return file.startsWith('src/') ? (file.split('/')[1] ?? '') : file
}

function layerOf(file: string): number {
  return layers.findIndex((rooms) => rooms.includes(moduleOf(file)))
}
