/**
 * Creates the files of a new gateway in a folder, with fresh secrets: `portcullis init`. `main.ts` calls it. It
 * overwrites no file that `--force` does not name: then it prints which one, writes nothing and ends with status 1.
 */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { type Exit, exit, Stop } from './exit.ts'
import { completeManifest, type PackageManifest } from './manifest.ts'
import { completeDevVars } from './secrets.ts'
import { createFiles, ignoredPaths } from './templates.ts'

/** The arguments of the command. */
interface InitArguments {
  readonly folder: string
  readonly upstream: string
  /** Name of the service binding that is the upstream; undefined if the upstream has a URL. */
  readonly binding: string | undefined
  /** Whether users sign in at an identity provider. */
  readonly login: boolean
  /** Files that may be overwritten, by name. */
  readonly force: ReadonlySet<string>
}

const usage =
  'portcullis init [folder] [--upstream URL | --binding NAME] [--login] [--force FILE]...'

/**
 * Runs `portcullis init`. It writes nothing at all if it would overwrite a file that `--force` does not name.
 *
 * @returns status 1 if nothing was written because a file is in the way
 * @throws {Stop} if the arguments are wrong or package.json is not JSON
 */
export async function init(
  args: readonly string[],
  packageManifest: PackageManifest,
): Promise<Exit> {
  const { folder, upstream, binding, login, force } = parseArguments(args)
  const name = createProjectName(folder)
  const files = createFiles({ name, upstream, binding, login })

  for (const file of force) {
    if (!files.has(file) && file !== '.dev.vars') {
      throw new Stop(
        exit.usage,
        `--force ${file}: init only overwrites ${[...files.keys()].join(', ')}, .dev.vars`,
      )
    }
  }

  const pathOf = (file: string): string => join(folder, file)
  const names = [...files.keys(), 'package.json', '.gitignore', '.dev.vars']
  const links = names.filter((file) => isLink(pathOf(file)))
  if (links.length > 0) {
    for (const file of links)
      console.error(`${pathOf(file)} is a symbolic link; make it a file of the project`)
    console.error('Nothing was written.')
    return exit.faults
  }

  const present = new Map(
    [...files.keys(), 'package.json', '.gitignore'].map((file) => [file, read(pathOf(file))]),
  )
  const changed = [...files].filter(
    ([file, text]) => present.get(file) !== undefined && present.get(file) !== text,
  )
  const blocked = changed.map(([file]) => file).filter((file) => !force.has(file))

  if (blocked.length > 0) {
    for (const file of blocked)
      console.error(`${pathOf(file)} already exists; --force ${file} overwrites it`)
    console.error('Nothing was written.')
    return exit.faults
  }

  const manifest = createManifest(pathOf('package.json'), present.get('package.json'), name, {
    packageManifest,
    login,
  })

  mkdirSync(folder, { recursive: true })
  const written: string[] = []
  const write = (file: string, text: string | undefined): void => {
    if (text === undefined || text === present.get(file)) return
    writeFileSync(pathOf(file), text)
    written.push(file)
  }

  for (const [file, text] of files) write(file, text)
  write('package.json', manifest)
  write('.gitignore', completeLines(present.get('.gitignore')))
  if (force.has('.dev.vars')) rmSync(pathOf('.dev.vars'), { force: true })
  if ((await completeDevVars(pathOf('.dev.vars'), login)).length > 0) written.push('.dev.vars')
  chmodSync(pathOf('.dev.vars'), 0o600)
  printSteps(folder, written, login)

  return exit.ok
}

/** The options of the command line, while it is read. */
interface Flags {
  upstream?: string
  binding?: string
  login: boolean
  readonly force: Set<string>
}

function parseArguments(args: readonly string[]): InitArguments {
  const flags: Flags = { login: false, force: new Set() }
  const folders: string[] = []

  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? ''
    if (argument === '--login') flags.login = true
    else if (argument.startsWith('-')) readFlag(flags, argument, args[++index])
    else folders.push(argument)
  }

  const { upstream, binding, login, force } = flags
  const isContradictory = upstream !== undefined && binding !== undefined
  if (folders.length > 1 || isContradictory) throw new Stop(exit.usage, usage)

  return {
    folder: folders[0] ?? '.',
    upstream: upstream ?? 'http://127.0.0.1:3000',
    binding,
    login,
    force,
  }
}

function readFlag(flags: Flags, flag: string, value: string | undefined): void {
  if (value === undefined) throw new Stop(exit.usage, usage)
  if (flag === '--force') flags.force.add(value)
  else if (flag === '--upstream') flags.upstream = parseUpstreamOrigin(value)
  else if (flag === '--binding') flags.binding = checkBindingName(value)
  else throw new Stop(exit.usage, usage)
}

/** Names that the configuration of a new project already uses. */
const takenNames = [
  'PUBLIC_ORIGIN',
  'UPSTREAM_URL',
  'SESSION_SECRET',
  'ASSERTION_KEY',
  'LOGIN_ISSUER',
  'LOGIN_CLIENT_ID',
  'LOGIN_CLIENT_SECRET',
]

/** Checks that a name can stand in TypeScript and TOML without quotes. */
function checkBindingName(name: string): string {
  if (/^[A-Z]\w{0,62}$/i.test(name) && !takenNames.includes(name)) return name
  throw new Stop(exit.usage, '--binding takes the name of a service binding, such as APP')
}

/**
 * Parses an origin. A longer URL is rejected, because the upstream ignores its path, and the text goes into a TOML
 * string.
 */
function parseUpstreamOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (
    !url ||
    !/^https?:$/.test(url.protocol) ||
    url.username ||
    url.pathname !== '/' ||
    url.search ||
    url.hash
  ) {
    throw new Stop(
      exit.usage,
      '--upstream takes the origin of a server, such as http://127.0.0.1:3000',
    )
  }

  return url.origin
}

/** Creates a name that npm and Workers accept from the name of a folder. */
function createProjectName(folder: string): string {
  const name = basename(resolve(folder))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 50)
    .replace(/^-|-$/g, '')

  return name || 'gateway'
}

function createManifest(
  path: string,
  text: string | undefined,
  name: string,
  {
    packageManifest,
    login,
  }: { readonly packageManifest: PackageManifest; readonly login: boolean },
): string | undefined {
  try {
    return completeManifest(text, { name, packageManifest, login })
  } catch {
    throw new Stop(exit.faults, `${path} is not JSON. Nothing was written.`)
  }
}

function completeLines(text = ''): string {
  const lines = text.split(/\r?\n/).map((line) => line.trim().replace(/^\/|\/$/g, ''))
  const missing = ignoredPaths.filter((line) => !lines.includes(line.replace(/\/$/, '')))
  if (missing.length === 0) return text

  return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${missing.join('\n')}\n`
}

/** Reports whether a path is a symbolic link, also one that leads nowhere, which `existsSync` does not see. */
function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true
}

function read(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

/** Lines about the identity provider, for a project with a login. */
const loginHint = `
People sign in at the development provider on http://localhost:8789, which npm run dev starts. For your own provider set
LOGIN_ISSUER and LOGIN_CLIENT_ID in wrangler.toml and LOGIN_CLIENT_SECRET in .dev.vars;
npx portcullis check --providers lists the addresses to register there.
`

function printSteps(folder: string, written: readonly string[], login: boolean): void {
  if (written.length === 0) {
    console.log('Everything already exists: nothing was written.')
    return
  }

  console.log(`Wrote ${written.join(', ')}.`)
  const changeFolder = resolve(folder) === process.cwd() ? '' : `  cd ${folder}\n`
  console.log(`
Next:
${changeFolder}  npm install
  npm run check     lists every problem of the configuration
  npm run dev       the gateway on http://localhost:8787, in front of UPSTREAM_URL of wrangler.toml
${login ? loginHint : ''}`)
}
