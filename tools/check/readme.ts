/**
 * `npm run check:readme`: every block of README.md, docs/ and the examples' READMEs compiles against `src/`, every one that
 * can stand alone is run, and every command in them exists. Documentation is the code that most people run first and nobody runs again.
 *
 * `node tools/check/readme.ts [page.md]...`
 */
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { sourceOf } from './rules/jsr.ts'
import { pageFaults, snippetsOf } from './rules/readme.ts'
import { type Ran, type Runnable, runBlocks } from './run-blocks.ts'

interface Manifest {
  scripts?: Record<string, string>
  exports?: Record<string, string | { default: string }>
}

const asked = process.argv.slice(2)
const pages =
  asked.length > 0
    ? asked
    : globSync(['README.md', 'docs/**/*.md', 'examples/*/README.md', 'bench/README.md'])
const out = resolve(`node_modules/.cache/portcullis/readme-${process.pid}`)
/** Where each file to compile came from, by its path below `out`. */
const sources = new Map<string, { page: string; line: number }>()
const [together, alone]: [string[], string[]] = [[], []]
const faults: string[] = []
const runnable: Runnable[] = []
let ran: Ran = { ran: 0, asked: 0, faults: [] }

try {
  if (asked.length === 0 && !pages.includes('README.md')) faults.push('there is no README.md')
  for (const page of pages.map((path) => path.replaceAll('\\', '/')).sort()) read(page)
  compile(together)
  // What such a block declares holds for its own project, not for the other blocks.
  for (const file of alone) compile([file])
  // What does not compile need not be run to be wrong.
  if (faults.length === 0) ran = await runBlocks(runnable, doors(), out)
  faults.push(...ran.faults)
} finally {
  rmSync(out, { recursive: true, force: true })
}
for (const fault of faults) console.error(fault)
console.log(
  faults.length === 0
    ? `readme: ${sources.size} blocks of ${pages.length} pages compile, ${ran.ran} run (${ran.asked} asked for a page), their commands exist`
    : `readme: ${faults.length} faults`,
)
process.exitCode = faults.length > 0 ? 1 : 0

/** Writes a page's blocks out and notes what needs no compiler. */
function read(page: string): void {
  const markdown = readFileSync(page, 'utf8')
  for (const fault of pageFaults(markdown, scriptsFor(page, markdown), existsSync))
    faults.push(`${page}:${fault}`)

  const folder = relative('.', page).replaceAll(/[^\w]+/g, '-')
  for (const { path, line, text } of snippetsOf(markdown)) {
    const file = join(folder, path).replaceAll('\\', '/')
    mkdirSync(dirname(join(out, file)), { recursive: true })
    writeFileSync(join(out, file), text)
    sources.set(file, { page, line })

    if (!/\.tsx$/.test(path)) runnable.push({ file, page, line, text })
    ;(/^declare global\b/m.test(text) ? alone : together).push(file)
  }
}

/** Scripts of the project the page is about, and of those it says to `cd` into. */
function scriptsFor(page: string, markdown: string): Set<string> {
  const folders = [
    '.',
    dirname(page),
    ...[...markdown.matchAll(/\bcd\s+([\w./-]+)/g)].map(([, folder]) => folder ?? ''),
  ]

  const manifests = folders
    .map((folder) => join(folder, 'package.json'))
    .filter((path) => existsSync(path))
  return new Set(manifests.flatMap((path) => Object.keys(manifest(path).scripts ?? {})))
}

function manifest(path: string): Manifest {
  return JSON.parse(readFileSync(path, 'utf8')) as Manifest
}

/** The package's doors by name, into `src/`. */
function doors(): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [door, target] of Object.entries(manifest('package.json').exports ?? {})) {
    if (typeof target === 'string') continue
    found[door.replace('.', 'portcullis')] = resolve(sourceOf(target.default)).replaceAll('\\', '/')
  }

  return found
}

/** Compiles as an application would, with the package's doors leading into `src/`. */
function compile(files: readonly string[]): void {
  if (files.length === 0) return

  const paths = Object.fromEntries(
    Object.entries(doors()).map(([door, source]) => [door, [source]]),
  )
  // Next is installed by its example alone, and Workers have their sockets.
  paths['next/headers'] = [resolve('tools/check/next-headers.d.ts').replaceAll('\\', '/')]
  paths['cloudflare:sockets'] = [
    resolve('tools/check/cloudflare-sockets.d.ts').replaceAll('\\', '/'),
  ]

  const config = {
    extends: resolve('tsconfig.json').replaceAll('\\', '/'),
    compilerOptions: {
      module: 'esnext',
      moduleResolution: 'bundler',
      moduleDetection: 'force',
      isolatedDeclarations: false,
      declaration: false,
      skipLibCheck: true,
      allowJs: true,
      jsx: 'preserve',
      types: ['node'],
      typeRoots: [resolve('node_modules/@types').replaceAll('\\', '/')],
      paths,
    },
    include: [],
    files,
  }

  writeFileSync(join(out, 'tsconfig.json'), JSON.stringify(config))
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [resolve('node_modules/typescript/bin/tsc'), '-p', out],
    {
      encoding: 'utf8',
    },
  )

  if (status === 0) return

  const before = faults.length
  for (const line of stdout.split('\n')) {
    const [, path = '', row, message] = /^(.+?)\((\d+),\d+\): (.*)$/.exec(line) ?? []
    const source = sources.get(relative(out, resolve(path)).replaceAll('\\', '/'))
    if (source) faults.push(`${source.page}:${source.line + Number(row) - 1}: ${message}`)
    else if (/^\S.*error TS/.test(line)) faults.push(line)
  }

  if (faults.length === before) faults.push(stdout || stderr)
}
