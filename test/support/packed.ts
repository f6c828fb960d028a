/** The package as strangers get it: packed, and unpacked into a project of its own. Needs no network. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
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
]

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
  const copy = join(at, 'repository')
  const folder = join(at, 'project')
  for (const name of [...sources, 'tsconfig.json', 'tsconfig.build.json']) {
    cpSync(name, join(copy, name), { recursive: true })
  }
  symlinkSync(resolve('node_modules'), join(copy, 'node_modules'))
  execFileSync('npm', ['pack', '--silent', '--pack-destination', at], {
    cwd: copy,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const tarball = readdirSync(at).find((file) => file.endsWith('.tgz')) ?? ''
  const installed = join(folder, 'node_modules/portcullis')
  mkdirSync(installed, { recursive: true })
  execFileSync('tar', ['xzf', join(at, tarball), '--strip-components=1', '-C', installed])
  for (const name of packages) {
    const path = join(folder, 'node_modules', name)
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(resolve('node_modules', name), path)
  }
  return { folder, installed, remove: () => rmSync(at, { recursive: true, force: true }) }
}
