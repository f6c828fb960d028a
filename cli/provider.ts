/** `portcullis provider`: the development provider on this machine, beside a command that it ends with. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { fileURLToPath } from 'node:url'
import { type Exit, exit, Stop } from './exit.ts'

const usage = 'portcullis provider [--port 8789] [--gateway URL] [-- COMMAND...]'

/** What was asked for. */
interface Wish {
  readonly port: number
  /** The origin of the gateway, which receives logout tokens. */
  readonly gateway: string
  readonly command: readonly string[]
}

/** The development provider of `portcullis/testing`, as far as this command needs it. */
interface Provider {
  fetch(request: Request | string, init?: RequestInit): Promise<Response>
}

/** The name of the provider in the configuration that `portcullis init --login` writes. */
const providerName = 'work'

/** Serves the provider until the command ends, or for ever where there is none. */
export async function provider(args: readonly string[]): Promise<Exit> {
  const { port, gateway, command } = readWish(args)
  const issuer = `http://localhost:${port}`
  const backchannel = `${gateway}/.portcullis/backchannel-logout/${providerName}`
  const server = await listen(await createProvider({ issuer, backchannel }), issuer, port)
  console.log(`Development provider on ${issuer}: Alice, Bob and Carol sign in with one click.`)

  const [name, ...rest] = command
  if (name === undefined) {
    await new Promise<void>((done) => process.once('SIGINT', done).once('SIGTERM', done))
    stop(server)
    return exit.ok
  }
  const status = await runCommand(name, rest)
  stop(server)
  return status as Exit
}

function readWish(args: readonly string[]): Wish {
  const end = args.indexOf('--')
  const own = end === -1 ? args : args.slice(0, end)
  const command = end === -1 ? [] : args.slice(end + 1)
  const values = new Map<string, string>()
  for (let index = 0; index < own.length; index += 2) {
    const [option = '', value] = own.slice(index, index + 2)
    const isKnown = option === '--port' || option === '--gateway'
    if (!isKnown || value === undefined) throw new Stop(exit.usage, usage)
    values.set(option, value)
  }

  const port = Number(values.get('--port') ?? 8789)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Stop(exit.usage, usage)
  const gateway = values.get('--gateway') ?? 'http://localhost:8787'
  if (!URL.canParse(gateway) || new URL(gateway).origin !== gateway) {
    throw new Stop(exit.usage, '--gateway takes an origin, such as http://localhost:8787')
  }
  return { port, gateway, command }
}

/** Loads it from where this package is: one folder up where it is built, in `src/` where it is not. */
async function createProvider(options: object): Promise<Provider> {
  const place = ['../testing/index.js', '../src/testing/index.ts']
    .map((path) => new URL(path, import.meta.url))
    .find((url) => existsSync(fileURLToPath(url)))
  if (place === undefined)
    throw new Stop(exit.missing, 'This installation of portcullis is not complete.')
  const { devProvider } = (await import(place.href)) as {
    devProvider(options: object): Provider
  }
  try {
    return devProvider(options)
  } catch (error) {
    throw new Stop(exit.usage, (error as Error).message)
  }
}

async function listen(target: Provider, issuer: string, port: number): Promise<Server> {
  const server = createServer(async (request, response) => {
    const answer = await target.fetch(await createRequest(request, issuer))
    const cookies = answer.headers.getSetCookie()
    response.writeHead(answer.status, {
      ...Object.fromEntries(answer.headers),
      ...(cookies.length > 0 && { 'set-cookie': cookies }),
    })
    response.end(Buffer.from(await answer.arrayBuffer()))
  })
  await new Promise<void>((done, fail) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE'
      fail(isTaken ? new Stop(exit.faults, `Port ${port} is in use; --port takes another.`) : error)
    })
    server.listen(port, 'localhost', done)
  })
  return server
}

async function createRequest(request: IncomingMessage, issuer: string): Promise<Request> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const headers = Object.entries(request.headers).map(([name, value]) => [name, `${value}`])
  const hasBody = request.method !== 'GET' && request.method !== 'HEAD'
  return new Request(`${issuer}${request.url}`, {
    method: request.method ?? 'GET',
    headers: Object.fromEntries(headers) as Record<string, string>,
    ...(hasBody && { body: Buffer.concat(chunks) }),
  })
}

function stop(server: Server): void {
  server.close()
  server.closeAllConnections()
}

/** Runs the command with this terminal, and passes signals on. @returns its exit status */
async function runCommand(name: string, args: readonly string[]): Promise<number> {
  const child = spawn(name, args, { stdio: 'inherit', shell: process.platform === 'win32' })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => child.kill(signal))
  }
  return new Promise((done, fail) => {
    child.once('error', () => fail(new Stop(exit.missing, `${name} cannot be started here.`)))
    child.once('exit', (code) => done(code ?? exit.ok))
  })
}
