/**
 * `npm run dev`: the demo origin and the gateway in front of it, one banner, one Ctrl-C. `PORT` and `ORIGIN_PORT` move
 * them; several run side by side on ports of their own. `-- --redis`: with sessions in a Redis of its own. `-- --worker`: by
 * `worker/gateway.config.ts`, which is what gets deployed, and not by the demo's. `-- --maintenance`: closed. `-- --device`: over
 * https, with sessions that are bound to the device that signs in. `-- --traces`: a page of the demo shows a stack trace.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { askLoopback, createDevCertificate } from './device.ts'
import { type DevRedis, startDevRedis } from './redis.ts'
import { completeDevVars } from './secret.ts'

process.chdir(join(import.meta.dirname, '../..'))
const gateway = at('localhost', port('PORT', 8787), asked('--device') ? 'https' : 'http') // by name: the cookie's prefix and the gateway's host check want it
const origin = at('127.0.0.1', port('ORIGIN_PORT', 8788))
const children: ChildProcess[] = []
let redis: DevRedis | undefined
let stopping = false
const log = { started: false, held: [] as Buffer[] }

const wrangler = 'node_modules/wrangler/bin/wrangler.js'
const known = ['--redis', '--worker', '--maintenance', '--device', '--login', '--traces']
const unknown = process.argv.slice(2).find((argument) => !known.includes(argument))
if (unknown !== undefined) refuse(`Unknown argument ${unknown}: there is ${known.join(', ')}.`)
if (asked('--device') && (asked('--redis') || asked('--worker')))
  refuse('--device keeps sessions in memory and by the demo: leave --redis and --worker out.')
if (asked('--login') && known.some((option) => option !== '--login' && asked(option)))
  refuse('--login runs the demo with sessions in memory: leave the other options out.')
const provider = at('localhost', port('PROVIDER_PORT', 8789))
const [main, config] = chooseMain()
if (!existsSync(wrangler)) refuse('Nothing is installed yet: run npm ci first.')
if (gateway.port === origin.port) refuse('PORT and ORIGIN_PORT are the same.')
for (const { port } of asked('--login') ? [gateway, origin, provider] : [gateway, origin]) {
  if (await answers(port))
    refuse(
      `Port ${port} is already in use. Stop what runs there, or set PORT, ORIGIN_PORT and PROVIDER_PORT.`,
    )
}
await completeDevVars('.dev.vars')
const tls = asked('--device') ? createDevCertificate() : undefined
// What wrangler keeps between runs must not be shared by two that run side by side.
const usual = process.env.PORT === undefined
const folder = usual ? '.wrangler' : mkdtempSync(join(tmpdir(), 'portcullis-dev-'))

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(0))
const parent = process.ppid // killing npm kills its shell, not us: notice that we were orphaned
setInterval(() => process.ppid === parent || stop(0), 500).unref()

if (asked('--redis')) {
  redis = await startDevRedis().catch((error: Error) => refuse(error.message))
  // A terminal's Ctrl-C reaches it as well.
  redis.ended.then((why) => setTimeout(() => fail(why), 100))
}
if (asked('--login')) {
  const env = { PORT: `${provider.port}`, GATEWAY_URL: gateway.url }
  run('provider', ['tools/dev/provider.ts'], env)
}
run('origin', ['--watch', '--watch-preserve-output', 'examples/express-origin/server.ts'], {
  PORT: `${origin.port}`,
  PORTCULLIS_URL: gateway.url,
  ...(asked('--login') && { PORTCULLIS_LOGIN: 'on' }),
  PORTCULLIS_CONFIG: asked('--worker') ? 'worker' : 'demo',
  ...(asked('--traces') && { PORTCULLIS_TRACES: 'on' }),
  ...(tls && { NODE_EXTRA_CA_CERTS: tls.certificate }),
})
run(
  'gateway',
  [
    ...[
      wrangler,
      'dev',
      main,
      '--show-interactive-dev-session=false',
      '--inspector-port=0',
      `--port=${gateway.port}`,
    ],
    ...(tls
      ? [
          '--local-protocol=https',
          `--https-key-path=${tls.key}`,
          `--https-cert-path=${tls.certificate}`,
        ]
      : []),
    ...[
      `--persist-to=${folder}/state`,
      '--var',
      `UPSTREAM_URL:${origin.url}`,
      '--var',
      `PUBLIC_ORIGIN:${gateway.url}`,
    ],
    ...(asked('--login') ? ['--var', `LOGIN_ISSUER:${provider.url}`] : []),
    ...(asked('--maintenance') ? ['--var', 'MAINTENANCE:on'] : []),
    // Not through .dev.vars: of that, wrangler takes only the names that wrangler.toml requires.
    ...Object.entries(redis?.vars ?? { SESSION_STORE: chooseStore() }).flatMap(([name, value]) => [
      '--var',
      `${name}:${value}`,
    ]),
  ],
  {
    CLOUDFLARE_CF_FETCH_ENABLED: 'false', // offline: no cf.json, no warning
    WRANGLER_SEND_METRICS: 'false',
    WRANGLER_SEND_ERROR_REPORTS: 'false',
    WRANGLER_HIDE_BANNER: 'true',
    WRANGLER_REGISTRY_PATH: `${folder}/registry`,
    WRANGLER_LOG_PATH: `${folder}/logs`, // else in the home directory
  },
)
const slow = setTimeout(() => {
  show() // a build error keeps wrangler waiting: say so
  console.error(
    `\nStill waiting for ${gateway.url}/.portcullis/health and ${origin.url} to answer 200.`,
  )
}, 5000)
const awaited = [until(`${gateway.url}/.portcullis/health`), until(origin.url)]
if (asked('--login')) awaited.push(until(`${provider.url}/jwks`))
await Promise.all(awaited)
clearTimeout(slow)
ready()

interface Place {
  readonly port: number
  readonly url: string
}

/** The Worker to run, and the file that configures it. */
function chooseMain(): readonly [main: string, config: string] {
  const demo = 'examples/express-origin'
  if (asked('--worker')) return ['worker/index.ts', 'worker/gateway.config.ts']
  return asked('--login')
    ? [`${demo}/login-worker.ts`, `${demo}/login.config.ts`]
    : [`${demo}/worker.ts`, `${demo}/gateway.config.ts`]
}

function asked(option: string): boolean {
  return process.argv.includes(option)
}

function at(host: string, port: number, scheme = 'http'): Place {
  return { port, url: `${scheme}://${host}:${port}` }
}

function port(name: string, otherwise: number): number {
  const text = process.env[name] || `${otherwise}`
  const value = Number(text)

  if (!/^\d+$/.test(text) || value < 1 || value > 65_535)
    refuse(`${name} is not a port: 1 to 65535.`)
  return value
}

function refuse(message: string): never {
  console.error(message)
  process.exit(1)
}

/** Starts a child in its own process group, silent until {@link ready}. */
function run(name: string, args: string[], env: Record<string, string>): void {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32', // Ctrl-C reaches only us; we stop the group
  })

  child.stdout?.on('data', (chunk) =>
    log.started ? process.stdout.write(chunk) : log.held.push(chunk),
  )
  child.stderr?.on('data', (chunk) =>
    log.started ? process.stderr.write(chunk) : log.held.push(chunk),
  )
  child.once('error', (error) => fail(`The ${name} did not start: ${error.message}`))
  child.once('exit', (code) => {
    // Its last words are still in the pipe.
    if (!stopping) setTimeout(() => fail(`The ${name} stopped (exit code ${code}).`), 100)
  })
  children.push(child)
}

/** Lets the children speak; what they said so far is dropped when all went well. */
function ready(): void {
  log.started = true
  process.stdout.write(`
  Portcullis is up.

    gateway   ${gateway.url}   <- open this
    origin    ${origin.url}   (Express, behind it)
    config    ${config}
${asked('--worker') ? '' : `    console   ${gateway.url}/.portcullis/console (log in as alice)\n`}    accounts  alice / wonderland (admin), bob / builder
${asked('--login') ? `    provider  ${provider.url}   (one click at ${gateway.url}/.portcullis/login)\n` : ''}    sessions  ${describeSessions()}; secrets in .dev.vars
${asked('--worker') && !redis ? '' : `    devices   ${gateway.url}/devices\n`}${tls ? `\n  Sign in with this Chromium, and follow what the page says:\n\n    ${tls.chromium(gateway.url)}\n` : ''}
  Ctrl-C stops ${redis || asked('--login') ? 'all three' : 'both'}.

`)
}

function chooseStore(): string {
  if (tls) return 'device'
  return asked('--worker') ? 'cookie' : 'memory'
}

function describeSessions(): string {
  if (tls) return 'in memory, bound to the device'
  if (redis) return `in Redis, gone when it stops (redis-cli -s ${redis.socket})`
  return asked('--worker') ? 'stateless' : 'in memory, gone when the gateway stops'
}

function show(): void {
  log.started = true
  process.stderr.write(Buffer.concat(log.held.splice(0)))
}

function fail(message: string): void {
  if (stopping) return

  show()
  process.stderr.write(`\n${message}\n`)
  stop(1)
}

/** SIGTERM to every group, SIGKILL after 3 s, then exit. */
function stop(code: number): void {
  if (stopping) return

  stopping = true
  const alive = children.filter(
    (child) => child.pid && child.exitCode === null && child.signalCode === null,
  )
  const signal = (name: NodeJS.Signals): void => {
    for (const { pid } of alive) {
      try {
        if (pid) process.kill(process.platform === 'win32' ? pid : -pid, name)
      } catch {} // already gone
    }
  }

  signal('SIGTERM')
  setTimeout(() => signal('SIGKILL'), 3000).unref()

  const gone = alive.map((child) => new Promise((done) => child.once('exit', done)))
  Promise.all([...gone, redis?.stop()]).then(() => {
    if (!usual) rmSync(folder, { recursive: true, force: true })
    tls?.remove()
    process.exit(code)
  })
}

/** Resolves with the first 2xx: an open port says only that wrangler's own proxy listens. */
async function until(url: string): Promise<void> {
  for (const began = Date.now(); ; ) {
    const status = await askStatus(url)
    if (status !== undefined && status < 300) return

    // Wrangler writes a line for each that is refused: they must not carry off the one that says what is wrong.
    const rest = status !== undefined && Date.now() - began > 5000 ? 3000 : 50
    await new Promise((done) => setTimeout(done, rest))
  }
}

async function askStatus(url: string): Promise<number | undefined> {
  if (url.startsWith('https:')) return askLoopback(url)
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch(() => undefined)
  await response?.text().catch(() => undefined) // hanging up is an error to wrangler, and the first thing it would say
  return response?.status
}

/** Whether somebody listens, on either loopback address: a browser may try both for localhost. */
async function answers(port: number): Promise<boolean> {
  const hosts = ['127.0.0.1', '::1'].map(
    (host) =>
      new Promise<boolean>((done) => {
        const socket = connect({ port, host })
        socket.once('connect', () => done(true)).once('error', () => done(false))
        socket.once('connect', () => socket.destroy())
      }),
  )

  return (await Promise.all(hosts)).includes(true)
}
