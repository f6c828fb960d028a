/** The package.json of a new project: adds what is missing, changes nothing that is there. */

/** The package's own package.json, as far as a new project takes from it. */
export interface Own {
  readonly version: string
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

type Manifest = Record<string, unknown>
type Names = Record<string, string>

const scripts: Names = {
  // Wrangler's own message about an old Node comes late and names no cure.
  predev: 'portcullis doctor',
  dev: 'wrangler dev',
  // Safari keeps no Secure cookie on http://localhost.
  'dev:https': 'wrangler dev --local-protocol https --var PUBLIC_ORIGIN:https://localhost:8787',
  check: 'portcullis check',
  deploy: 'portcullis check --production && wrangler deploy -e production',
}

/** With a login a provider for development runs beside the gateway. */
const loginScripts: Names = {
  ...scripts,
  dev: 'portcullis provider -- wrangler dev',
  'dev:https': `portcullis provider --gateway https://localhost:8787 -- ${scripts['dev:https']}`,
}

/** The project that a manifest is of. */
export interface ProjectWish {
  readonly name: string
  readonly own: Own
  readonly login: boolean
}

/** The text to write, or undefined where everything is there. Throws a SyntaxError for what is no JSON object. */
export function completeManifest(
  found: string | undefined,
  { name, own, login }: ProjectWish,
): string | undefined {
  const before: Manifest =
    found === undefined
      ? { name, private: true, type: 'module', engines: { node: '>=22.12.0' } }
      : parse(found)
  const dependencies: Names = {
    hono: own.peerDependencies.hono ?? '*',
    portcullis: `^${own.version}`,
  }
  const devDependencies: Names = { wrangler: `^${own.devDependencies?.wrangler ?? '4.135.0'}` }
  const installed = { ...(before.dependencies as Names), ...(before.devDependencies as Names) }
  const after = { ...before }

  complete(
    after,
    'scripts',
    wantedScripts(before.scripts as Names | undefined, login ? loginScripts : scripts),
    {},
  )
  complete(after, 'dependencies', dependencies, installed)
  complete(after, 'devDependencies', devDependencies, installed)

  const text = (value: Manifest): string => `${JSON.stringify(value, null, 2)}\n`
  return found !== undefined && text(after) === text(before) ? undefined : text(after)
}

/** A project that starts its server in its own way keeps that: npm would run `predev` before it, too. */
function wantedScripts(present: Names = {}, wanted: Names): Names {
  if (present.dev === undefined || present.dev === wanted.dev) return wanted
  const { predev: _predev, ...others } = wanted
  return others
}

function complete(manifest: Manifest, key: string, wanted: Names, elsewhere: Names): void {
  const own = (manifest[key] ?? {}) as Names
  const missing = Object.entries(wanted).filter(([name]) => !(name in own) && !(name in elsewhere))
  if (missing.length > 0) manifest[key] = { ...own, ...Object.fromEntries(missing) }
}

function parse(text: string): Manifest {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new SyntaxError('not an object')
  return value as Manifest
}
