/**
 * Completes the package.json of a new project: adds the scripts and packages that are missing, and changes nothing that
 * is there. `init.ts` calls it. A file that is no JSON object is a `SyntaxError`.
 */

/** The package.json of this package, as far as a new project needs it. */
export interface PackageManifest {
  readonly version: string
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

type Manifest = Record<string, unknown>
type Names = Record<string, string>

const scripts: Names = {
  // Wrangler reports an old Node late, and does not say what to do.
  predev: 'portcullis doctor',
  dev: 'wrangler dev',
  // Safari rejects Secure cookies on http://localhost.
  'dev:https': 'wrangler dev --local-protocol https --var PUBLIC_ORIGIN:https://localhost:8787',
  check: 'portcullis check',
  deploy: 'portcullis check --production && wrangler deploy -e production',
}

/** The scripts of a project with a login, in which the development provider runs beside the gateway. */
const loginScripts: Names = {
  ...scripts,
  dev: 'portcullis provider -- wrangler dev',
  'dev:https': `portcullis provider --gateway https://localhost:8787 -- ${scripts['dev:https']}`,
}

/** The project whose package.json is completed. */
export interface ProjectOptions {
  readonly name: string
  readonly packageManifest: PackageManifest
  readonly login: boolean
}

/**
 * Returns the text of the completed file, or undefined if nothing is missing.
 *
 * @throws {SyntaxError} if the file is not a JSON object
 */
export function completeManifest(
  found: string | undefined,
  { name, packageManifest, login }: ProjectOptions,
): string | undefined {
  const given: Manifest =
    found === undefined
      ? { name, private: true, type: 'module', engines: { node: '>=22.12.0' } }
      : parse(found)
  const dependencies: Names = {
    hono: packageManifest.peerDependencies.hono ?? '*',
    portcullis: `^${packageManifest.version}`,
  }
  const devDependencies: Names = {
    wrangler: `^${packageManifest.devDependencies?.wrangler ?? '4.135.0'}`,
  }
  const installed = { ...(given.dependencies as Names), ...(given.devDependencies as Names) }
  const completed = { ...given }

  complete(
    completed,
    'scripts',
    chooseScripts(given.scripts as Names | undefined, login ? loginScripts : scripts),
    {},
  )
  complete(completed, 'dependencies', dependencies, installed)
  complete(completed, 'devDependencies', devDependencies, installed)

  const text = (value: Manifest): string => `${JSON.stringify(value, null, 2)}\n`
  return found !== undefined && text(completed) === text(given) ? undefined : text(completed)
}

/**
 * Chooses the scripts to add. A project that has another `dev` script gets no `predev`, because npm would run it before
 * that script too.
 */
function chooseScripts(present: Names = {}, wanted: Names): Names {
  if (present.dev === undefined || present.dev === wanted.dev) return wanted
  const { predev: _predev, ...others } = wanted
  return others
}

function complete(manifest: Manifest, key: string, wanted: Names, elsewhere: Names): void {
  const present = (manifest[key] ?? {}) as Names
  const missing = Object.entries(wanted).filter(
    ([name]) => !(name in present) && !(name in elsewhere),
  )
  if (missing.length > 0) manifest[key] = { ...present, ...Object.fromEntries(missing) }
}

function parse(text: string): Manifest {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new SyntaxError('not an object')
  return value as Manifest
}
