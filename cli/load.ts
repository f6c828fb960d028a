/**
 * Loads the configuration and the wrangler.toml of a project with the project's own packages: esbuild, which wrangler
 * installs, or Node itself. The commands call it. A missing package is a `Stop`, and a configuration that does not
 * build is an `AggregateError` with one error for each message of esbuild.
 */
import { createRequire } from 'node:module'
import { basename, dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { exit, Stop } from './exit.ts'
import type { Project } from './review.ts'

/** The part of esbuild that this file uses. */
interface Bundler {
  build(
    options: object,
  ): Promise<{ readonly outputFiles: ReadonlyArray<{ readonly text: string }> }>
}

/** The modules of a project that a command needs besides its configuration. */
export interface ProjectParts {
  /** Whether to load `portcullis/login`, which asks the identity providers. */
  readonly login?: boolean
  /** Whether to load `portcullis()` and Hono, with which a command acts as a request does. */
  readonly stack?: boolean
}

/**
 * Imports a configuration, and the modules of the package that judge it.
 *
 * @throws {Stop} if the project lacks a package or this Node is too old
 * @throws {AggregateError} if the configuration does not build
 */
export async function loadProject(path: string, parts: ProjectParts = {}): Promise<Project> {
  const file = resolve(path)
  const from = createRequire(file)
  const gateway = resolveModule(from, 'portcullis/gateway')

  if (!gateway)
    throw new Stop(
      exit.missing,
      `portcullis is not installed beside ${path}; install it: npm install portcullis hono`,
    )

  const bundler = await findBundler(from)
  if (bundler) return importBundled(bundler, file, parts)
  if (/\.[mc]?ts$/.test(file) && !(process.features as { typescript?: unknown }).typescript) {
    const current = `this is Node ${process.versions.node}`
    throw new Stop(
      exit.missing,
      `Reading ${path} takes wrangler in this project, or Node 22.18 or newer; ${current}.`,
    )
  }

  const load = (name: string): Promise<object> | undefined => {
    const modulePath = resolveModule(from, name)
    return modulePath === undefined ? undefined : import(pathToFileURL(modulePath).href)
  }
  const [module, judges, logins, stack, hono] = await Promise.all([
    import(pathToFileURL(file).href),
    import(pathToFileURL(gateway).href),
    parts.login ? load('portcullis/login') : undefined,
    parts.stack ? load('portcullis') : undefined,
    parts.stack ? load('hono') : undefined,
  ])
  return { module, judges, logins: logins as Project['logins'], stack: { ...stack, ...hono } }
}

/**
 * Bundles the modules for a Worker, as wrangler will, and imports the result. So what a Worker could not load is found
 * here.
 */
async function importBundled(
  bundler: Bundler,
  file: string,
  parts: ProjectParts,
): Promise<Project> {
  const lines = [
    `export * as module from './${basename(file)}'`,
    "export * as judges from 'portcullis/gateway'",
    ...(parts.login ? ["export * as logins from 'portcullis/login'"] : []),
    ...(parts.stack
      ? [
          "import { Hono } from 'hono'",
          "import { portcullis } from 'portcullis'",
          'export const stack = { Hono, portcullis }',
        ]
      : []),
  ]
  const { outputFiles } = await bundler
    .build({
      stdin: {
        contents: lines.join('\n'),
        resolveDir: dirname(file),
      },
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'browser',
      conditions: ['workerd', 'worker', 'browser'],
      target: 'es2023',
      logLevel: 'silent',
    })
    .catch(
      (error: { errors?: ReadonlyArray<{ text: string; location?: { line: number } | null }> }) => {
        const faults = (error.errors ?? []).map(
          ({ text, location }) => new Error(describeFault(text, location?.line)),
        )
        throw faults.length > 0 ? new AggregateError(faults) : error
      },
    )

  const code = Buffer.from(outputFiles[0]?.text ?? '').toString('base64')
  return (await import(`data:text/javascript;base64,${code}`)) as Project
}

function describeFault(text: string, line: number | undefined): string {
  const hint = /"(?:cloudflare|node):/.test(text)
    ? ' (import that in the entry of the Worker instead)'
    : ''
  return `${line === undefined ? '' : `line ${line}: `}${text.replace(/\n.*/s, '')}${hint}`
}

/** Finds the esbuild of the project, or the one that its wrangler installs. */
async function findBundler(from: NodeJS.Require): Promise<Bundler | undefined> {
  const wrangler = resolveModule(from, 'wrangler')
  const path =
    resolveModule(from, 'esbuild') ??
    (wrangler && resolveModule(createRequire(wrangler), 'esbuild'))
  if (!path) return undefined

  const module = (await import(pathToFileURL(path).href)) as Bundler & { default?: Bundler }
  return module.default ?? module
}

/**
 * Reads the settings of a Worker with the wrangler of the project, because only wrangler reads all of its formats.
 *
 * @throws {Stop} if wrangler is missing or too old
 */
export async function readWrangler(path: string): Promise<object> {
  const wrangler = resolveModule(createRequire(resolve(path)), 'wrangler')
  if (!wrangler)
    throw new Stop(
      exit.missing,
      `Reading ${path} needs wrangler in this project; install it: npm install -D wrangler`,
    )

  const module = (await import(pathToFileURL(wrangler).href)) as Record<string, unknown> & {
    default?: object
  }
  const exported = { ...module.default, ...module }
  const read = exported.experimental_readRawConfig as
    | undefined
    | ((args: { config: string }) => { rawConfig: object })

  if (!read)
    throw new Stop(
      exit.missing,
      `This version of wrangler cannot read ${path}: install 4.135 or newer.`,
    )

  return read({ config: path }).rawConfig
}

function resolveModule(from: NodeJS.Require, name: string): string | undefined {
  try {
    return from.resolve(name)
  } catch {
    return undefined
  }
}
