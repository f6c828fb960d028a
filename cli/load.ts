/** Reads a project's configuration with what the project has: its esbuild, which comes with wrangler, or Node itself. */
import { createRequire } from 'node:module'
import { basename, dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { exit, Stop } from './exit.ts'
import type { Project } from './review.ts'

/** The part of esbuild that is used. */
interface Bundler {
  build(
    options: object,
  ): Promise<{ readonly outputFiles: ReadonlyArray<{ readonly text: string }> }>
}

/** Further modules of a project that a command needs. */
export interface ProjectParts {
  /** `portcullis/login`, to ask the identity providers. */
  readonly login?: boolean
  /** `portcullis()` and Hono, to act as a request does. */
  readonly stack?: boolean
}

/** Imports a configuration. Throws a {@link Stop} where the project lacks what that takes. */
export async function loadProject(path: string, parts: ProjectParts = {}): Promise<Project> {
  const file = resolve(path)
  const from = createRequire(file)
  const gateway = find(from, 'portcullis/gateway')

  if (!gateway)
    throw new Stop(
      exit.missing,
      `portcullis is not installed beside ${path}: npm install portcullis hono`,
    )

  const bundler = await bundlerOf(from)
  if (bundler) return bundled(bundler, file, parts)
  if (/\.[mc]?ts$/.test(file) && !(process.features as { typescript?: unknown }).typescript) {
    const have = `this is Node ${process.versions.node}`
    throw new Stop(
      exit.missing,
      `Reading ${path} takes wrangler in this project, or Node 22.18 or newer; ${have}.`,
    )
  }

  const load = (name: string): Promise<object> | undefined => {
    const found = find(from, name)
    return found === undefined ? undefined : import(pathToFileURL(found).href)
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

/** Bundled for a Worker, as wrangler will: what does not build there is found here. */
async function bundled(bundler: Bundler, file: string, parts: ProjectParts): Promise<Project> {
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
          ({ text, location }) => new Error(said(text, location?.line)),
        )
        throw faults.length > 0 ? new AggregateError(faults) : error
      },
    )

  const code = Buffer.from(outputFiles[0]?.text ?? '').toString('base64')
  return (await import(`data:text/javascript;base64,${code}`)) as Project
}

function said(text: string, line: number | undefined): string {
  const hint = /"(?:cloudflare|node):/.test(text) ? ' (keep that in the entry of the Worker)' : ''
  return `${line === undefined ? '' : `line ${line}: `}${text.replace(/\n.*/s, '')}${hint}`
}

/** The project's esbuild, or the one of its wrangler. */
async function bundlerOf(from: NodeJS.Require): Promise<Bundler | undefined> {
  const wrangler = find(from, 'wrangler')
  const path = find(from, 'esbuild') ?? (wrangler && find(createRequire(wrangler), 'esbuild'))
  if (!path) return undefined

  const module = (await import(pathToFileURL(path).href)) as Bundler & { default?: Bundler }
  return module.default ?? module
}

/**
 * Reads the configuration file with the project's own wrangler, the one reader that knows each of
 * its formats.
 */
export async function readWrangler(path: string): Promise<object> {
  const wrangler = find(createRequire(resolve(path)), 'wrangler')
  if (!wrangler)
    throw new Stop(
      exit.missing,
      `Reading ${path} needs wrangler in this project: npm install -D wrangler`,
    )

  const module = (await import(pathToFileURL(wrangler).href)) as Record<string, unknown> & {
    default?: object
  }
  const all = { ...module.default, ...module }
  const read = all.experimental_readRawConfig as
    | undefined
    | ((args: { config: string }) => { rawConfig: object })

  if (!read)
    throw new Stop(
      exit.missing,
      `This version of wrangler cannot read ${path}: install 4.135 or newer.`,
    )

  return read({ config: path }).rawConfig
}

function find(from: NodeJS.Require, name: string): string | undefined {
  try {
    return from.resolve(name)
  } catch {
    return undefined
  }
}
