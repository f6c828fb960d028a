/**
 * Runs the development provider on this machine, and a command beside it: `portcullis provider`. `main.ts` calls it,
 * and the `dev` script of a project with a login. A port in use or a command that does not start is a `Stop`.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { fileURLToPath } from 'node:url'
import { type Exit, exit, Stop } from './exit.ts'

const usage = 'portcullis provider [--port 8789] [--gateway URL] [-- COMMAND...]'

/** The arguments of the command. */
interface ProviderArguments {
  readonly port: number
  /** The origin of the gateway, to which the provider sends logout tokens. */
  readonly gateway: string
  readonly command: readonly string[]
}

/** The development provider of `portcullis/testing`, as far as this command uses it. */
interface Provider {
  fetch(request: Request | string, init?: RequestInit): Promise<Response>
}

/** Name of the provider in the configuration that `portcullis init --login` writes. */
const providerName = 'work'

/**
 * Runs `portcullis provider`: serves the provider until the command ends, or until a signal if there is no command.
 *
 * @returns the exit status of the command
 * @throws {Stop} if the arguments are wrong, the port is in use or the command does not start
 */
export async function provider(args: readonly string[]): Promise<Exit> {
  const { port, gateway, command } = parseArguments(args)
  const issuer = `http://localhost:${port}`
  const backchannel = `${gateway}/.portcullis/backchannel-logout/${providerName}`
  const server = await listen(await createProvider({ issuer, backchannel }), issuer, port)
  console.log(`Development provider on ${issuer}: Alice, Bob and Carol sign in with one click.`)

  const [name, ...rest] = command
  if (name === undefined) {
    await new Promise<void>((done) => process.once('SIGINT', done).once('SIGTERM', done))
    closeServer(server)
    return exit.ok
  }
  const status = await runCommand(name, rest)
  closeServer(server)
  return status as Exit
}

function parseArguments(args: readonly string[]): ProviderArguments {
  const end = args.indexOf('--')
  const options = end === -1 ? args : args.slice(0, end)
  const command = end === -1 ? [] : args.slice(end + 1)
  const values = new Map<string, string>()
  for (let index = 0; index < options.length; index += 2) {
    const [option = '', value] = options.slice(index, index + 2)
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

/**
 * Creates the provider with the module of this package: one folder up in the built package, and in `src/` before it is
 * built.
 */
async function createProvider(options: object): Promise<Provider> {
  const moduleUrl = ['../testing/index.js', '../src/testing/index.ts']
    .map((path) => new URL(path, import.meta.url))
    .find((url) => existsSync(fileURLToPath(url)))
  if (moduleUrl === undefined)
    throw new Stop(exit.missing, 'This installation of portcullis is incomplete; install it again.')
  const { devProvider } = (await import(moduleUrl.href)) as {
    devProvider(options: object): Provider
  }
  try {
    return devProvider(options)
  } catch (error) {
    throw new Stop(exit.usage, (error as Error).message)
  }
}

async function listen(identityProvider: Provider, issuer: string, port: number): Promise<Server> {
  const server = createServer(async (request, response) => {
    const answer = await identityProvider.fetch(await createRequest(request, issuer))
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

function closeServer(server: Server): void {
  server.close()
  server.closeAllConnections()
}

/**
 * Runs a command in this terminal, and passes signals on to it.
 *
 * @returns its exit status
 */
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
