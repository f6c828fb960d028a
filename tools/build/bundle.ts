/**
 * Bundles the sources for npm. A bundler of an application drops a whole file that nothing is imported from, since
 * package.json says `sideEffects: false`; of a file that something is imported from it keeps each statement that may have an effect.
 * So a module with such statements (`new TextEncoder()`, a call) gets a chunk of its own, and only the others are merged.
 */
import { posix, resolve } from 'node:path'
import { type BuildOptions, build, type OutputFile, type Plugin } from 'esbuild'
import { removeBareImports, restoreConstants, sortImports } from './chunk.ts'
import { findReachable } from './reachable.ts'

export interface Door {
  /** Path of the source. */
  readonly source: string
  /** Path of the file to write. */
  readonly output: string
}

/** Where esbuild puts the entries that only keep modules apart; they are not written. */
const unwrittenFolder = '.unwritten'

const options = {
  bundle: true,
  write: false,
  metafile: true,
  format: 'esm',
  platform: 'neutral',
  target: 'es2023',
  packages: 'external',
  external: ['node:*', 'cloudflare:*'],
  logLevel: 'warning',
  // That nothing of ours has effects is what such an import is for.
  logOverride: { 'ignored-bare-import': 'silent' },
} as const satisfies BuildOptions

/** Bundles doors, with chunks for what they share, and returns the files by path. */
export async function bundleDoors(doors: readonly Door[]): Promise<Map<string, string>> {
  const entryPoints = doors.map(({ source }) => source)
  const { metafile } = await build({ ...options, entryPoints, outdir: 'dist' })
  const impure = new Set(await findImpure(Object.keys(metafile.inputs)))
  const outputFiles = await bundleApart(doors, impure)

  const texts = new Map<string, string>()
  for (const { path, text } of outputFiles) {
    const code = await restoreConstants(removeBareImports(text))
    texts.set(posix.relative(posix.resolve('.'), path), code)
  }

  const files = findReachable(
    doors.map(({ output }) => output),
    (path) => texts.get(path) ?? fail(path),
  )
  for (const [path, text] of files) {
    const sorted = sortImports(text, (specifier) =>
      findFirstModule(files.get(posix.join(posix.dirname(path), specifier)) ?? ''),
    )
    files.set(path, sorted)
  }
  return files
}

/** Reads the comment that esbuild writes above the first module of a chunk; packages, which have none, come last. */
function findFirstModule(chunk: string): string {
  return /^\/\/ ((?:src|node)\/.*)$/m.exec(chunk)?.[1] ?? '~'
}

/**
 * Bundles doors so that no impure module shares a chunk. esbuild merges the modules that the same entries reach. So an impure
 * module is an entry of its own, and the pure ones that it alone brings along, which it would still share a chunk with, are
 * imported by one more entry together.
 */
async function bundleApart(
  doors: readonly Door[],
  impure: ReadonlySet<string>,
): Promise<OutputFile[]> {
  const entries = new Map(doors.map(({ source, output }) => [posix.normalize(source), output]))
  for (const path of impure) {
    if (!entries.has(path)) entries.set(path, `${unwrittenFolder}/${path}`)
  }

  for (;;) {
    const { outputFiles, metafile } = await build({
      ...options,
      entryPoints: [...entries].map(([path, output]) => ({ in: path, out: withoutSuffix(output) })),
      splitting: true,
      outdir: '.',
      chunkNames: 'dist/chunks/[hash]',
      plugins: [importForEffects],
    })

    const chunks = Object.values(metafile.outputs).map(({ inputs }) => Object.keys(inputs))
    const shared = chunks.filter(
      (paths) => paths.length > 1 && paths.some((path) => impure.has(path)),
    )
    if (shared.length === 0) return outputFiles

    for (const paths of shared) {
      const pure = paths.filter((path) => !impure.has(path))
      entries.set(`effects:${pure.join()}`, `${unwrittenFolder}/${entries.size}`)
    }
  }
}

/** Bundles the command into one file; it runs in Node alone. */
export async function bundleCommand(source: string): Promise<string> {
  const { outputFiles } = await build({ ...options, entryPoints: [source], platform: 'node' })
  return outputFiles[0]?.text ?? fail(source)
}

/** Finds the modules of which something remains in a bundle that imports nothing from them. */
export async function findImpure(paths: readonly string[]): Promise<string[]> {
  const { outputFiles } = await build({
    ...options,
    entryPoints: paths.map((path, index) => ({ in: `effects:${path}`, out: `${index}` })),
    outdir: '/',
    plugins: [importForEffects, importNothingElse],
  })

  const impure = outputFiles.filter(({ text }) => text.replaceAll(/^\/\/.*$/gm, '').trim() !== '')
  return impure.map(({ path }) => paths[Number(posix.basename(path, '.js'))] ?? fail(path))
}

/** Resolves `effects:a.ts,b.ts` to a module that imports these for what they do when they are loaded. */
const importForEffects: Plugin = {
  name: 'import-for-effects',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^effects:/ }, ({ path }) => ({
      path: path.replace('effects:', ''),
      namespace: 'effects',
    }))
    onLoad({ filter: /.*/, namespace: 'effects' }, ({ path }) => ({
      contents: path
        .split(',')
        .map((each) => `import ${JSON.stringify(resolve(each))}`)
        .join('\n'),
      resolveDir: '/',
    }))
    onResolve({ filter: /.*/, namespace: 'effects' }, ({ path }) => ({ path, sideEffects: true }))
  },
}

/** Modules of ours, of the runtime, and packages whose package.json says `sideEffects: false`. */
const effectless = /^(?:\.|node:|cloudflare:|jose$|oauth4webapi$)/

/** Leaves out what a module imports. */
const importNothingElse: Plugin = {
  name: 'import-nothing-else',
  setup({ onResolve }) {
    onResolve({ filter: /.*/ }, ({ path }) => ({
      path,
      external: true,
      sideEffects: !effectless.test(path),
    }))
  },
}

function withoutSuffix(path: string): string {
  return posix.normalize(path).replace(/\.[jt]s$/, '')
}

function fail(path: string): never {
  throw new Error(`the build has no file ${path}`)
}
