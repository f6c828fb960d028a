/**
 * Lists and ends the sessions of a user, for administrators: `portcullis sessions`. `main.ts` calls it. It works on the
 * store of the configuration, outside the gateway, and its events reach the audit trail of the configuration. Errors of
 * the store are printed with their code and end with status 1.
 */
import {
  type AdministrableStrategy,
  endSessions,
  type ListedSession,
  type SessionsConfig,
  type StackModule,
} from './administer.ts'
import { type ProjectEnvironment, readEnvironment, requireSecrets } from './environment.ts'
import { type Exit, exit, Stop } from './exit.ts'
import { chooseConfig } from './files.ts'
import { loadProject } from './load.ts'

const usage = `portcullis sessions list USER [--env NAME] [--json]
portcullis sessions end USER (--id ID | --all) [--env NAME] [--by NAME] [--json]`

/** Number of characters of an id in the table: enough to tell the sessions of a user apart. */
const shownIdLength = 8
/** Number of attempts to read a list, and the milliseconds between them. */
const readAttempts = 3
const retryPauseMs = 1500
const valueFlags = ['--env', '--id', '--by']
const plainFlags = ['--json', '--all']

/** The arguments of the command. */
interface SessionsRequest {
  readonly verb: 'list' | 'end'
  readonly user: string
  /** Name of the environment in wrangler.toml; undefined in development. */
  readonly env: string | undefined
  readonly isJson: boolean
  /** Id of the session to end, or the characters that it begins with; undefined for all sessions. */
  readonly id: string | undefined
  /** Name of the administrator in the audit record. */
  readonly administrator: string | undefined
}

/** The configuration of a project, and the environment that it reads. */
interface OpenProject {
  readonly config: SessionsConfig
  readonly strategy: AdministrableStrategy
  readonly environment: ProjectEnvironment
  readonly stack: StackModule
}

/**
 * Runs `portcullis sessions`.
 *
 * @throws {Stop} if the arguments are wrong, a secret is missing, or the store fails
 */
export async function sessions(args: readonly string[]): Promise<Exit> {
  const request = parseRequest(args)
  // The configuration runs in this process, and what it logs must not mix with the lines that a script reads.
  const { log } = console
  console.log = console.error
  const print = (text: string): void => log(text)
  try {
    const project = await openProject(request)
    return request.verb === 'list'
      ? await list(project, request, print)
      : await end(project, request, print)
  } finally {
    console.log = log
  }
}

function parseRequest([verb, ...args]: readonly string[]): SessionsRequest {
  const flags = new Map<string, string>()
  const users: string[] = []
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? ''
    if (plainFlags.includes(argument)) flags.set(argument, 'yes')
    else if (valueFlags.includes(argument)) flags.set(argument, args[++index] ?? '')
    else if (argument.startsWith('--')) throw new Stop(exit.usage, usage)
    else users.push(argument)
  }

  const [user = ''] = users
  const isList = verb === 'list' && ['--id', '--all', '--by'].every((name) => !flags.has(name))
  const isEnd = verb === 'end' && flags.has('--id') !== flags.has('--all')
  const isComplete = users.length === 1 && user !== '' && ![...flags.values()].includes('')
  if (!isComplete || !(isList || isEnd)) throw new Stop(exit.usage, usage)

  return {
    verb: isEnd ? 'end' : 'list',
    user,
    env: flags.get('--env'),
    isJson: flags.has('--json'),
    id: flags.get('--id'),
    administrator: flags.get('--by') ?? process.env.USER ?? process.env.USERNAME,
  }
}

async function openProject({ env }: SessionsRequest): Promise<OpenProject> {
  const path = chooseConfig(undefined)
  const environment = await readEnvironment(env)
  requireSecrets(environment)

  const { module, stack } = await loadProject(path, { stack: true })
  const exported = module.config
  const config = (typeof exported === 'function' ? exported() : exported) as SessionsConfig
  const { session } = config ?? {}
  if (session === undefined)
    throw new Stop(exit.faults, `${path} has no sessions, because its option session is not set.`)

  const strategy = await attempt(environment, () => session.chosen?.(environment.values) ?? session)
  return { config, strategy, environment, stack: stack as StackModule }
}

async function list(
  { strategy, environment }: OpenProject,
  { user, isJson }: SessionsRequest,
  print: (text: string) => void,
): Promise<Exit> {
  const listed = await listSessions(strategy, environment, user)
  print(isJson ? JSON.stringify({ user, sessions: listed }) : formatSessions(user, listed))
  return exit.ok
}

async function end(
  { config, strategy, environment, stack }: OpenProject,
  { user, id, administrator, isJson }: SessionsRequest,
  print: (text: string) => void,
): Promise<Exit> {
  if (strategy.endAll === undefined)
    throw new Stop(
      exit.faults,
      'ERR_CONFIG: sessions without a store end only with the option revocation. See docs/sessions.md.',
    )
  const fullId = id && findId(id, user, await listSessions(strategy, environment, user))
  const { ended, events } = await attempt(environment, () =>
    endSessions({ ...config, session: strategy }, stack, environment.values, {
      ...{ user, administrator },
      id: fullId,
    }),
  )

  if (config.audit === undefined)
    for (const event of events)
      console.error(`The configuration has no audit trail; the event: ${JSON.stringify(event)}`)
  if (fullId !== undefined && ended === 0)
    throw new Stop(exit.faults, `Session ${id} of ${user} has already ended.`)

  const [{ request } = {}] = events
  print(
    isJson
      ? JSON.stringify({ user, ended: ended ?? null, request })
      : `Ended ${ended === undefined ? 'the sessions' : countSessions(ended)} of ${user}.`,
  )
  return exit.ok
}

async function listSessions(
  strategy: AdministrableStrategy,
  environment: ProjectEnvironment,
  user: string,
): Promise<ListedSession[]> {
  if (strategy.list === undefined)
    throw new Stop(
      exit.faults,
      'ERR_CONFIG: these sessions are in their cookies and cannot be listed. See docs/storage.md.',
    )

  const read = async (): Promise<ListedSession[]> =>
    (await strategy.list?.({ user, env: environment.values })) ?? []
  return attempt(environment, () => retryRead(read))
}

/** Reads again if the store did not answer in time, because the first connection of a command is the slowest. */
async function retryRead<Result>(read: () => Promise<Result>): Promise<Result> {
  for (let attemptsLeft = readAttempts - 1; ; attemptsLeft--) {
    try {
      return await read()
    } catch (error) {
      const isUnavailable = (Object(error) as { code?: unknown }).code === 'ERR_STORE_UNAVAILABLE'
      if (!isUnavailable || attemptsLeft === 0) throw error
      await new Promise((resolve) => setTimeout(resolve, retryPauseMs))
    }
  }
}

/**
 * Finds the only id that begins with some characters.
 *
 * @throws {Stop} if there is none, or more than one
 */
function findId(start: string, user: string, listed: readonly ListedSession[]): string {
  const [first, ...others] = listed.filter(({ id }) => id.startsWith(start))
  if (first === undefined)
    throw new Stop(exit.faults, `${user} has no session ${start}: portcullis sessions list ${user}`)
  if (others.length > 0)
    throw new Stop(exit.faults, `${others.length + 1} sessions of ${user} begin with ${start}.`)

  return first.id
}

/** Runs a call, and turns what sessions and stores throw into a message with their code. */
async function attempt<Result>(
  { hasBindings }: ProjectEnvironment,
  work: () => Promise<Result> | Result,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Stop) throw error
    const { code, message } = Object(error) as { code?: unknown; message?: unknown }
    const hint =
      code === 'ERR_CONFIG' && hasBindings
        ? '\nBindings only exist in the Worker: end sessions on the page that docs/console.md describes.'
        : ''
    const text = typeof message === 'string' ? message : `${error}`
    throw new Stop(exit.faults, `${typeof code === 'string' ? `${code}: ` : ''}${text}${hint}`)
  }
}

function formatSessions(user: string, listed: readonly ListedSession[]): string {
  const rows = listed.map(({ id, createdAt, seenAt, expiresAt, client }) => [
    id.slice(0, shownIdLength),
    [client?.browser, client?.system].filter(Boolean).join(', ') || '-',
    ...[createdAt, seenAt, expiresAt].map(formatTime),
    [client?.network, client?.country].filter(Boolean).join(' ') || '-',
  ])
  const table = [['ID', 'DEVICE', 'CREATED', 'LAST SEEN', 'ENDS', 'NETWORK'], ...rows]
  const widths = table[0]?.map((_, i) => Math.max(...table.map((row) => row[i]?.length ?? 0)))
  const lines = table.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths?.[i] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  const count = `${countSessions(rows.length)} of ${user}`

  return rows.length === 0 ? count : [...lines, `${count}; times in UTC`].join('\n')
}

function formatTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ')
}

function countSessions(count: number): string {
  return `${count} session${count === 1 ? '' : 's'}`
}
