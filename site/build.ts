/**
 * `npm run docs`: builds the documentation site into site/dist, with a search index and an API reference, and fails for a
 * link that leads nowhere. `npm run docs -- --serve` shows the site afterwards.
 */
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { readEntryPoints } from './entry-points.ts'
import { convertPage, findDeadLinks, findSitePath, readBuiltPage, readSections } from './pages.ts'

const pagesFolder = 'site/.pages'
const builtFolder = 'site/dist'
const tools = 'site/node_modules'

process.chdir(join(import.meta.dirname, '..'))
const unknown = process.argv.slice(2).find((argument) => argument !== '--serve')
if (unknown !== undefined) fail([`Unknown argument ${unknown}; the only one is --serve.`])

installTools()
const copied = copyPages()
run('site/api.ts', join(pagesFolder, 'api'))
run(`${tools}/typescript/bin/tsc`, '-p', 'site')
run(`${tools}/vitepress/bin/vitepress.js`, 'build', 'site')
report(copied)
if (process.argv.includes('--serve')) serve()

/** Installs the tools of the site the first time, and after a change of its lock file. */
function installTools(): void {
  const installed = `${tools}/.package-lock.json`
  const lockTime = statSync('site/package-lock.json').mtimeMs
  if (existsSync(installed) && statSync(installed).mtimeMs >= lockTime) return

  console.log('Installing VitePress and TypeDoc into site/node_modules.')
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit'], {
    cwd: 'site',
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (status !== 0) fail(['npm ci failed in site/'])
}

/** Copies each page and image into the folder that VitePress reads. Returns the paths on the site. */
function copyPages(): string[] {
  rmSync(pagesFolder, { recursive: true, force: true })
  const files = globSync(['*.md', 'docs/**/*.*', 'bench/*.md']).map((path) =>
    path.replaceAll('\\', '/'),
  )

  const copied: string[] = []
  for (const path of files) {
    const sitePath = findSitePath(path)
    if (sitePath === undefined) continue
    const target = join(pagesFolder, sitePath)
    mkdirSync(dirname(target), { recursive: true })
    if (path.endsWith('.md')) writeFileSync(target, convertPage(path, readFileSync(path, 'utf8')))
    else cpSync(path, target)
    copied.push(sitePath)
  }

  return copied
}

function run(script: string, ...args: string[]): void {
  const { status } = spawnSync(process.execPath, [script, ...args], { stdio: 'inherit' })
  if (status !== 0) fail([`node ${[script, ...args].join(' ')} failed`])
}

/** Compares the built site with what it must hold, and prints what it holds. */
function report(copied: readonly string[]): void {
  const built = globSync('**/*.html', { cwd: builtFolder }).map((path) =>
    readBuiltPage(path.replaceAll('\\', '/'), readFileSync(join(builtFolder, path), 'utf8')),
  )
  const paths = new Set(built.map(({ path }) => path))
  const [index] = globSync(`${builtFolder}/assets/chunks/@localSearchIndex*.js`)
  const entryPoints = readEntryPoints(JSON.parse(readFileSync('package.json', 'utf8')).exports)

  const faults = [
    ...findMissing(copied, paths),
    ...findUnlisted(copied),
    ...entryPoints
      .filter(({ name }) => !paths.has(`api/${name}.html`))
      .map(({ name }) => `The API reference has no page for ${name}`),
    ...findUndescribed(paths),
    ...(index === undefined ? ['The site has no search index'] : []),
    ...findDeadLinks(built),
  ]
  if (faults.length > 0) fail(faults)

  const links = built.reduce((sum, page) => sum + page.links.length, 0)
  const megabytes = (statSync(index ?? '').size / 1e6).toFixed(1)
  console.log(
    `docs: ${built.length} pages in ${builtFolder}, ${entryPoints.length} of them of the API; ` +
      `${links} links lead somewhere; the search index has ${megabytes} MB`,
  )
}

function findMissing(copied: readonly string[], built: ReadonlySet<string>): string[] {
  return copied
    .filter((path) => path.endsWith('.md') && !built.has(path.replace(/\.md$/, '.html')))
    .map((path) => `The site has no page for ${path}`)
}

/** Names of docs/exports.md that the API reference of their entry point does not show. */
function findUndescribed(built: ReadonlySet<string>): string[] {
  const faults: string[] = []
  for (const section of readFileSync('docs/exports.md', 'utf8').split(/^## /m).slice(1)) {
    const path = `api/${section.split('\n')[0]}.html`
    if (!built.has(path)) continue
    const html = readFileSync(join(builtFolder, path), 'utf8')
    for (const [, name = ''] of section.matchAll(/^\| `(\w+)` \|/gm)) {
      if (!new RegExp(`<h3 id="[^"]*"[^>]*>${name}\\b`).test(html))
        faults.push(`${path} does not describe ${name}`)
    }
  }

  return faults
}

/** Pages that the sidebar does not show. A decision has its place in the list of decisions. */
function findUnlisted(copied: readonly string[]): string[] {
  const sections = readSections(readFileSync('docs/README.md', 'utf8'))
  const listed = new Set(
    sections.flatMap(({ pages }) => pages.map(({ path }) => findSitePath(path))),
  )
  return copied
    .filter((path) => /^[^/]+\.md$/.test(path) && !['index.md', 'contents.md'].includes(path))
    .filter((path) => !listed.has(path))
    .map((path) => `docs/README.md does not list ${path}`)
}

function serve(): void {
  const vitepress = `${tools}/vitepress/bin/vitepress.js`
  spawnSync(process.execPath, [vitepress, 'preview', 'site', '--host', '127.0.0.1'], {
    stdio: 'inherit',
  })
}

function fail(faults: readonly string[]): never {
  for (const fault of faults) console.error(fault)
  console.error(`docs: ${faults.length} faults`)
  process.exit(1)
}
