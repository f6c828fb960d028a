/** The package as strangers get it: packed, and unpacked into a project of its own. Needs no network. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/** What the build reads; in a copy, so that tests which build at the same time do not take each other's files away. */
const sources = [
  'src',
  'cli',
  'node',
  'tools',
  'package.json',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  '.npmrc',
  'tsconfig.json',
  'tsconfig.build.json',
]
/** Tarballs by the digest of what they were built from, so that the test files of one run build once. */
const cache = resolve('node_modules/.cache/portcullis/packed')

export interface Packed {
  /** An empty project with the package and its peers in `node_modules`. */
  readonly folder: string
  /** The package in there. */
  readonly installed: string
  remove(): void
}

/** Packs and installs. `packages` of this repository are what a project installs besides. */
export function installPacked(packages: readonly string[]): Packed {
  const at = mkdtempSync(join(tmpdir(), 'portcullis-packed-'))
  const folder = join(at, 'project')
  const tarball = packOnce(at)
  const installed = join(folder, 'node_modules/portcullis')
  mkdirSync(installed, { recursive: true })
  execFileSync('tar', ['xzf', tarball, '--strip-components=1', '-C', installed])
  for (const name of packages) {
    const path = join(folder, 'node_modules', name)
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(resolve('node_modules', name), path)
  }
  return { folder, installed, remove: () => rmSync(at, { recursive: true, force: true }) }
}

/** Builds and packs a copy of the sources, unless that was done for the very same ones. Returns the path of the tarball. */
function packOnce(at: string): string {
  const kept = join(cache, `${digestSources()}.tgz`)
  if (existsSync(kept)) return kept

  const copy = join(at, 'repository')
  for (const name of sources) cpSync(name, join(copy, name), { recursive: true })
  symlinkSync(resolve('node_modules'), join(copy, 'node_modules'))
  execFileSync('npm', ['pack', '--silent', '--pack-destination', at], {
    cwd: copy,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const tarball = readdirSync(at).find((file) => file.endsWith('.tgz')) ?? ''
  mkdirSync(cache, { recursive: true })
  for (const name of readdirSync(cache)) {
    const path = join(cache, name)
    const isOld = (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < Date.now() - 3_600_000
    if (isOld) rmSync(path, { force: true })
  }
  // By a name of its own first: another test file may look for it at this moment.
  cpSync(join(at, tarball), `${kept}.${process.pid}`)
  renameSync(`${kept}.${process.pid}`, kept)

  return kept
}

function digestSources(): string {
  const hash = createHash('sha256')
  const addPath = (path: string): void => {
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort()) addPath(join(path, name))
    } else {
      hash.update(`${path}\0`).update(readFileSync(path))
    }
  }
  for (const name of [...sources, 'package-lock.json']) addPath(name)

  return hash.digest('hex')
}
