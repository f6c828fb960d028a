/**
 * `npm run check:package`: packs the tarball and looks at it as strangers do: publint, attw, and a consumer project
 * compiled under both module resolutions and run; the names behind each door as `test/package/exports.json` has them;
 * the packages each door brings into a bundle, its words and its weight; what applications import weighs the same as from the
 * sources. What breaks here broke users of other packages first.
 *
 * `node tools/check/package.ts --write` writes the names down anew.
 */
import { execFileSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { sourceOf } from './rules/jsr.ts'
import {
  compareExports,
  type DoorBundle,
  type Doors,
  doorFaults,
  fileFaults,
  needsNode,
  needsUpstash,
  type PartBundle,
  partFaults,
  parts,
  registryFaults,
} from './rules/package.ts'
import { type ExportList, exportsOf } from './rules/source.ts'

const list = 'test/package/exports.json'
const at = mkdtempSync(join(tmpdir(), 'portcullis-package-'))
const consumer = join(at, 'consumer')
const installed = join(consumer, 'node_modules/portcullis')
const faults: string[] = []

try {
  run('npm', 'pack', '--silent', '--pack-destination', at)
  const tarball = join(at, readdirSync(at).find((file) => file.endsWith('.tgz')) ?? '')
  run(bin('publint'), 'run', '--strict', tarball)
  run(bin('attw'), '--profile', 'esm-only', '--no-emoji', '--no-color', tarball)

  mkdirSync(dirname(installed), { recursive: true })
  run('tar', 'xzf', tarball, '-C', at)
  cpSync(join(at, 'package'), installed, { recursive: true })
  cpSync('test/package/consumer', consumer, { recursive: true })
  const doors = doorsOf(join(installed, 'package.json'))
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
  faults.push(...registryFaults(manifest, readFileSync(join(installed, 'README.md'), 'utf8')))
  faults.push(...fileFaults(run('tar', 'tzf', tarball).trim().split('\n').length))

  // First where nobody installed the optional peers, then behind the doors that need them.
  link('bowser', 'hono', 'jose', 'oauth4webapi')
  consume(
    'doors',
    [...doors.keys()].filter((door) => !needsUpstash(door) && !needsNode(door)),
    ['app.ts'],
  )
  link('@upstash/redis', '@upstash/ratelimit')
  consume('upstash-doors', [...doors.keys()].filter(needsUpstash), [])
  link('@types/node', 'undici-types')
  consume('node-doors', [...doors.keys()].filter(needsNode), [], ['node'])

  const found: Record<string, ExportList> = {}
  for (const [door, { types, code }] of doors) {
    const values = JSON.parse(
      run(process.execPath, '--input-type=module', '-e', namesOf(code)),
    ) as string[]
    found[door] = { values, types: exportsOf(readFileSync(types, 'utf8')).types }
    faults.push(...doorFaults(door, await bundleOf(door)))
  }
  for (const part of parts) {
    const [source, packed] = [
      await bundlePart(part, sourcePath),
      await bundlePart(part, packedPath),
    ]
    faults.push(...partFaults(Object.values(part).join(' and '), source, packed))
  }
  if (process.argv.includes('--write')) writeFileSync(list, `${JSON.stringify(found, null, 2)}\n`)
  const changed = compareExports(JSON.parse(readFileSync(list, 'utf8')) as Doors, found)
  if (changed.length > 0)
    faults.push(...changed, 'If that is meant: node tools/check/package.ts --write')

  for (const fault of faults) console.error(fault)
  if (faults.length === 0)
    console.log(`package: publint, attw, 2 module resolutions and ${doors.size} doors are fine`)
} catch (error) {
  // A tool that found something has printed it.
  const { stdout, message } = error as { stdout?: string; message: string }
  console.error(stdout || message)
  faults.push(message)
} finally {
  rmSync(at, { recursive: true, force: true })
}
process.exitCode = faults.length > 0 ? 1 : 0

function bin(name: string): string {
  return resolve('node_modules/.bin', name)
}

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 26,
  })
}

/** The files behind each door of the installed package. */
function doorsOf(path: string): Map<string, { types: string; code: string }> {
  const { exports } = JSON.parse(readFileSync(path, 'utf8')) as {
    exports: Record<string, string | { types: string; default: string }>
  }
  const doors = new Map<string, { types: string; code: string }>()

  for (const [door, files] of Object.entries(exports)) {
    if (typeof files === 'string') continue
    doors.set(door, { types: join(installed, files.types), code: join(installed, files.default) })
  }

  return doors
}

function link(...packages: string[]): void {
  for (const name of packages) {
    const path = join(consumer, 'node_modules', name)
    mkdirSync(dirname(path), { recursive: true })
    symlinkSync(resolve('node_modules', name), path)
  }
}

/** Compiles these files and one that walks through every door, as two kinds of projects do, and runs them. */
function consume(
  name: string,
  doors: readonly string[],
  files: readonly string[],
  types: readonly string[] = [],
): void {
  if (doors.length === 0) return

  const imports = doors.map(
    (door, index) => `import * as door${index} from '${door.replace('.', 'portcullis')}'`,
  )
  const text = `${imports.join('\n')}\nexport const doors = [${doors.map((_, index) => `door${index}`)}]\n`
  writeFileSync(join(consumer, `${name}.ts`), text)
  writeFileSync(join(consumer, `${name}.mjs`), text)

  for (const [module, moduleResolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ]) {
    const compilerOptions = {
      noEmit: true,
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      lib: ['es2022', 'dom', 'dom.iterable'],
      target: 'es2022',
      types,
      module,
      moduleResolution,
    }

    writeFileSync(
      join(consumer, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: [`${name}.ts`, ...files] }),
    )
    run(bin('tsc'), '-p', consumer)
  }

  for (const file of [`${name}.mjs`, ...files]) run(process.execPath, join(consumer, file))
}

function namesOf(file: string): string {
  return `console.log(JSON.stringify(Object.keys(await import(${JSON.stringify(file)})).sort()))`
}

function packedPath(door: string): string {
  return door.replace('.', 'portcullis')
}

function sourcePath(door: string): string {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8'))
  return resolve(sourceOf(exports[door].default))
}

/** A bundle of these names, imported from the package or from its sources; Hono is there already. */
async function bundlePart(
  part: Readonly<Record<string, string>>,
  pathOf: (door: string) => string,
): Promise<PartBundle> {
  const lines = Object.entries(part).map(
    ([door, names]) => `export { ${names} } from '${pathOf(door)}'`,
  )
  const { outputFiles } = await build({
    stdin: { contents: lines.join('\n'), resolveDir: consumer },
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2024',
    external: ['hono', 'hono/*'],
    logLevel: 'silent',
  })

  const [file] = outputFiles
  return {
    text: file?.text ?? '',
    bytes: gzipSync(file?.contents ?? '', { level: 9 }).length,
  }
}

/** A bundle of everything behind this door. For a browser, but for the door of Node: there a `node:` import does not build. */
async function bundleOf(door: string): Promise<DoorBundle> {
  const { metafile, outputFiles } = await build({
    stdin: { contents: `export * from '${door.replace('.', 'portcullis')}'`, resolveDir: consumer },
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: 'esm',
    platform: needsNode(door) ? 'node' : 'browser',
    target: 'es2024',
    logLevel: 'silent',
  })

  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs))
  const code = outputFiles[0]?.contents ?? new Uint8Array()

  return {
    inputs: inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path),
    text: outputFiles[0]?.text ?? '',
    bytes: gzipSync(code, { level: 9 }).length,
  }
}
