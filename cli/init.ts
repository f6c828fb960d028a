/** `portcullis init`: a gateway in an empty folder, with secrets of its own. */
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
import { completeManifest, type Own } from './manifest.ts'
import { completeDevVars } from './secrets.ts'
import { filesOf, ignored } from './templates.ts'

/** The arguments of the command. */
interface Wish {
  readonly folder: string
  readonly upstream: string
  /** Name of the service binding that is the upstream; undefined where it has an address. */
  readonly binding: string | undefined
  /** Whether people sign in at an identity provider. */
  readonly login: boolean
  /** Files that may be overwritten, by name. */
  readonly force: ReadonlySet<string>
}

const usage =
  'portcullis init [folder] [--upstream URL | --binding NAME] [--login] [--force FILE]...'

/** Writes nothing at all when one file would be overwritten that nobody named after `--force`. */
export async function init(args: readonly string[], own: Own): Promise<Exit> {
  const { folder, upstream, binding, login, force } = parseArguments(args)
  const name = createProjectName(folder)
  const files = filesOf({ name, upstream, binding, login })

  for (const file of force) {
    if (!files.has(file) && file !== '.dev.vars') {
      throw new Stop(
        exit.usage,
        `--force ${file}: init never overwrites that. ${[...files.keys()].join(', ')}, .dev.vars`,
      )
    }
  }

  const at = (file: string): string => join(folder, file)
  const names = [...files.keys(), 'package.json', '.gitignore', '.dev.vars']
  const links = names.filter((file) => isLink(at(file)))
  if (links.length > 0) {
    for (const file of links)
      console.error(`${at(file)} is a symbolic link; init writes only files of the project itself`)
    console.error('Nothing was written.')
    return exit.faults
  }

  const found = new Map(
    [...files.keys(), 'package.json', '.gitignore'].map((file) => [file, read(at(file))]),
  )
  const differs = [...files].filter(
    ([file, text]) => found.get(file) !== undefined && found.get(file) !== text,
  )
  const refused = differs.map(([file]) => file).filter((file) => !force.has(file))

  if (refused.length > 0) {
    for (const file of refused)
      console.error(`${at(file)} is there already; --force ${file} overwrites it`)
    console.error('Nothing was written.')
    return exit.faults
  }

  const manifest = manifestOf(at('package.json'), found.get('package.json'), name, { own, login })

  mkdirSync(folder, { recursive: true })
  const written: string[] = []
  const write = (file: string, text: string | undefined): void => {
    if (text === undefined || text === found.get(file)) return
    writeFileSync(at(file), text)
    written.push(file)
  }

  for (const [file, text] of files) write(file, text)
  write('package.json', manifest)
  write('.gitignore', completeLines(found.get('.gitignore')))
  if (force.has('.dev.vars')) rmSync(at('.dev.vars'), { force: true })
  if ((await completeDevVars(at('.dev.vars'), login)).length > 0) written.push('.dev.vars')
  chmodSync(at('.dev.vars'), 0o600)
  say(folder, written, login)

  return exit.ok
}

/** The options of the command that take a value. */
interface Flags {
  upstream?: string
  binding?: string
  login: boolean
  readonly force: Set<string>
}

function parseArguments(args: readonly string[]): Wish {
  const flags: Flags = { login: false, force: new Set() }
  const folders: string[] = []

  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? ''
    if (argument === '--login') flags.login = true
    else if (argument.startsWith('-')) readFlag(flags, argument, args[++index])
    else folders.push(argument)
  }

  const { upstream, binding, login, force } = flags
  const isUnclear = upstream !== undefined && binding !== undefined
  if (folders.length > 1 || isUnclear) throw new Stop(exit.usage, usage)

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

/** Names that a new project gives to something else. */
const takenNames = [
  'PUBLIC_ORIGIN',
  'UPSTREAM_URL',
  'SESSION_SECRET',
  'ASSERTION_KEY',
  'LOGIN_ISSUER',
  'LOGIN_CLIENT_ID',
  'LOGIN_CLIENT_SECRET',
]

/** A name that TypeScript and TOML take as it is. */
function checkBindingName(name: string): string {
  if (/^[A-Z]\w{0,62}$/i.test(name) && !takenNames.includes(name)) return name
  throw new Stop(exit.usage, '--binding takes the name of a service binding, such as APP')
}

/** Only an origin: it goes into a TOML string, and a path would be no part of the upstream. */
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

/** A name that npm and Workers take. */
function createProjectName(folder: string): string {
  const name = basename(resolve(folder))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 50)
    .replace(/^-|-$/g, '')

  return name || 'gateway'
}

function manifestOf(
  path: string,
  found: string | undefined,
  name: string,
  { own, login }: { readonly own: Own; readonly login: boolean },
): string | undefined {
  try {
    return completeManifest(found, { name, own, login })
  } catch {
    throw new Stop(exit.faults, `${path} is not JSON. Nothing was written.`)
  }
}

function completeLines(found = ''): string {
  const lines = found.split(/\r?\n/).map((line) => line.trim().replace(/^\/|\/$/g, ''))
  const missing = ignored.filter((line) => !lines.includes(line.replace(/\/$/, '')))
  if (missing.length === 0) return found

  return `${found}${found === '' || found.endsWith('\n') ? '' : '\n'}${missing.join('\n')}\n`
}

/** Also a link that leads nowhere, which `existsSync` does not see. */
function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true
}

function read(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined
}

/** Lines about the provider. */
const loginHint = `
People sign in at the development provider on http://localhost:8789, which npm run dev starts. For your own provider set
LOGIN_ISSUER and LOGIN_CLIENT_ID in wrangler.toml and LOGIN_CLIENT_SECRET in .dev.vars;
npx portcullis check --providers lists the addresses to register there.
`

function say(folder: string, written: readonly string[], login: boolean): void {
  if (written.length === 0) {
    console.log('Everything already exists: nothing was written.')
    return
  }

  console.log(`Wrote ${written.join(', ')}.`)
  const cd = resolve(folder) === process.cwd() ? '' : `  cd ${folder}\n`
  console.log(`
Next:
${cd}  npm install
  npm run check     lists every problem of the configuration
  npm run dev       the gateway on http://localhost:8787, in front of UPSTREAM_URL of wrangler.toml
${login ? loginHint : ''}`)
}
