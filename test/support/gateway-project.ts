/** A project that `portcullis init` made of the packed tarball, with a server behind it that signs in whoever asks. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { type Origin, startOrigin } from './origin.ts'
import { installPacked, type Packed } from './packed.ts'
import { rawFetch } from './raw.ts'
import { startWorkerd, type Workerd } from './workerd.ts'

/** The host that a project of `init` serves. */
export const projectHost = 'localhost:8787'

export interface CommandEnd {
  readonly status: number | null
  readonly out: string
  readonly err: string
}

export interface GatewayProject {
  readonly folder: string
  read(file: string): string
  write(file: string, content: string): void
  /** Replaces parts of a file. Each of them must be there. */
  edit(file: string, changes: Readonly<Record<string, string>>): void
  /** Runs the command in the project. */
  portcullis(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<CommandEnd>
  /** Bundles the Worker as a deploy does. */
  build(): string
  /** The variables of development and the secrets of `.dev.vars`. */
  readBindings(): Record<string, string>
  remove(): Promise<void>
}

/** Makes the project. `POST /login?user=ada` of its server starts a session of that user. */
export async function createGatewayProject(): Promise<GatewayProject> {
  const packed: Packed = installPacked(['bowser', 'hono', 'jose', 'oauth4webapi', 'wrangler'])
  const origin: Origin = await startOrigin(signInAnybody)
  const folder = join(packed.folder, 'shop')
  mkdirSync(folder)

  const read = (file: string): string => readFileSync(join(folder, file), 'utf8')
  const write = (file: string, content: string): void => writeFileSync(join(folder, file), content)
  // Not in step with this process, which may be where the command's Redis is.
  const portcullis: GatewayProject['portcullis'] = async (args, env = {}) => {
    const script = join(packed.installed, 'dist/cli/main.js')
    const child = spawn(process.execPath, [script, ...args], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, SESSION_SECRET: undefined, ASSERTION_KEY: undefined, ...env },
    })
    const output = Promise.all([text(child.stdout), text(child.stderr)])
    const [status] = (await once(child, 'close')) as [number | null]
    const [out, err] = await output
    return { status, out, err }
  }
  const made = await portcullis(['init', '--upstream', origin.url])
  if (made.status !== 0) throw new Error(made.err)

  return {
    ...{ folder, read, write, portcullis },
    edit(file, changes) {
      let content = read(file)
      for (const [part, replacement] of Object.entries(changes)) {
        if (!content.includes(part)) throw new Error(`${file} does not contain ${part}`)
        content = content.replace(part, () => replacement)
      }
      write(file, content)
    },
    build() {
      rmSync(join(folder, 'out'), { recursive: true, force: true })
      execFileSync(
        resolve('node_modules/.bin/wrangler'),
        ['deploy', '--dry-run', '--outdir', 'out'],
        {
          cwd: folder,
          env: { ...process.env, WRANGLER_SEND_METRICS: 'false' },
          stdio: 'ignore',
        },
      )
      return read('out/worker.js')
    },
    readBindings() {
      const [development = ''] = read('wrangler.toml').split('[env.production]')
      const variables = [...development.matchAll(/^([A-Z_]+) = "(.*?)"/gm)]
      const secrets = [...read('.dev.vars').matchAll(/^([A-Z_]+)='(.*)'$/gm)]
      return Object.fromEntries([...variables, ...secrets].map(([, name, value]) => [name, value]))
    },
    async remove() {
      await origin.stop()
      packed.remove()
    },
  }
}

/** Starts the gateway of a project with these values, for as long as `use` takes. */
export async function withGateway<Result>(
  module: string,
  bindings: Readonly<Record<string, string>>,
  use: (port: number) => Promise<Result>,
): Promise<Result> {
  const worker: Workerd = await startWorkerd({ module }, { bindings })
  try {
    return await use(worker.port)
  } finally {
    await worker.stop()
  }
}

/** Signs in at the gateway, and returns the cookie. */
export async function signInAt(
  port: number,
  user: string,
  headers: ReadonlyArray<readonly [string, string]> = [],
): Promise<string> {
  const login = await rawFetch(port, {
    host: projectHost,
    method: 'POST',
    path: `/login?user=${user}`,
    headers: [['Origin', `http://${projectHost}`], ...headers],
    body: '',
  })
  if (login.status !== 303) throw new Error(`${user} could not sign in: ${login.status}`)
  return login.header('set-cookie')?.split(';')[0] ?? ''
}

/** Returns the status of a page that needs a session: 200 or 401. */
export async function openAccount(port: number, cookie: string): Promise<number> {
  const headers = [['Cookie', cookie]] as const
  return (await rawFetch(port, { host: projectHost, path: '/account/x', headers })).status
}

const signInAnybody: Parameters<typeof startOrigin>[0] = ({ url, method, headers }) => {
  if (!url.startsWith('/login') || method !== 'POST') return { body: `origin ${url}` }
  const nonce = headers.find(([name]) => name.toLowerCase() === 'portcullis-session-nonce')?.[1]
  const user = new URL(url, 'http://origin').searchParams.get('user')
  const command = Buffer.from(JSON.stringify({ start: { data: { user } } })).toString('base64url')
  return {
    status: 303,
    headers: { Location: '/account/x', 'Portcullis-Session': `${nonce}.${command}` },
  }
}
