/**
 * Verifies a step of a rotation with the configuration of the project. Sessions and assertions of the value before must
 * be valid with the value after, and the reverse, because both run at the same time. `rotation-verify.ts` calls it.
 * What it finds wrong is a `Stop`; it also throws what the strategy throws.
 */
import { exit, Stop } from './exit.ts'
import type { Step } from './rotation.ts'
import { sessionSecret } from './secrets.ts'

/** The methods of a strategy that the check uses. */
interface ProbedStrategy {
  open?(context: object, writes: 'at-once'): ProbedSession
}
interface ProbedSession {
  start(sessionData: object): Promise<void>
  get(): Promise<object | undefined>
  end(): Promise<void>
  info(): Promise<{ readonly createdAt: number; readonly expiresAt: number } | undefined>
}

/** A gateway that was built from the configuration. */
export interface ProbedGateway {
  fetch(request: Request, env: unknown, context: object): Promise<Response>
}

/** The part of a configuration that is verified. */
export interface ProbedConfig {
  readonly session?: ProbedStrategy
  readonly publicOrigin: string | ((c: { env: object }) => string)
}

/** The environment without the variable, and the values of the variable before and after the step. */
export interface StepValues {
  readonly name: string
  readonly step: Step
  readonly env: Readonly<Record<string, unknown>>
  /** The value that runs now. */
  readonly before: string
  /** The value of the step. */
  readonly after: string
  /** Value of the Cookie header of a user who is signed in at the deployment. */
  readonly cookie?: string | undefined
}

/** The result of the check of sessions. */
export interface SessionFindings {
  readonly lines: readonly string[]
  /** The absolute timeout of sessions in milliseconds. */
  readonly lifetimeMs: number
}

interface Probe {
  readonly cookie: string
  readonly lifetimeMs: number
}

/** Reports that the gateway does not accept the value. Its own log says why. */
export class RejectedValue extends Stop {
  constructor() {
    super(exit.faults, 'The gateway does not accept the value: see its log above.')
  }
}

/** The data of the session that the check starts and ends. */
const probeData = { user: 'portcullis-secret-rotate' }
const probeTimeoutMs = 5000

/**
 * Verifies that no session is lost.
 *
 * @throws {Stop} if sessions would be lost, or the variable does not seal them; also what the strategy throws
 */
export async function checkSessions(
  strategy: ProbedStrategy,
  { name, env, before, after, step, cookie }: StepValues,
): Promise<SessionFindings> {
  const environments = {
    before: { ...env, [name]: before },
    after: { ...env, [name]: after },
    unrelated: { ...env, [name]: sessionSecret() },
  }
  const probeBefore = await startProbe(strategy, environments.before)
  if (await hasSession(strategy, environments.unrelated, probeBefore.cookie))
    throw new Stop(
      exit.faults,
      `${name} does not seal the sessions of this configuration: rotate it as docs/operations.md says.`,
    )
  if (!(await hasSession(strategy, environments.after, probeBefore.cookie)))
    throw new Stop(exit.faults, `Step "${step}" would sign everybody out; nothing was written.`)

  const probeAfter = await startProbe(strategy, environments.after)
  if (!(await hasSession(strategy, environments.before, probeAfter.cookie)))
    throw new Stop(
      exit.faults,
      `Sessions of step "${step}" would not open where the step before still runs.`,
    )
  await endProbe(strategy, environments.after, probeBefore.cookie)
  await endProbe(strategy, environments.before, probeAfter.cookie)

  const lines = ['a session from before this step opens, and one of this step opens before it']
  if (cookie !== undefined) {
    if (!(await hasSession(strategy, environments.after, cookie)))
      throw new Stop(
        exit.faults,
        `The session of --cookie does not open: ${name} is not the secret that is deployed, or that session has ended.`,
      )
    lines.push('the session of --cookie opens')
  }

  return { lines, lifetimeMs: probeBefore.lifetimeMs }
}

/**
 * Verifies the keys that the gateway publishes.
 *
 * @throws {Stop} if a key would be lost, or the variable does not sign assertions
 */
export async function checkKeys(
  gateway: ProbedGateway,
  origin: string,
  { name, env, before, after, step }: StepValues,
): Promise<readonly string[]> {
  const [kidsBefore, kidsAfter] = await Promise.all(
    [before, after].map((value) => readOwnKids(gateway, origin, { ...env, [name]: value })),
  )
  if (kidsBefore === undefined || kidsAfter === undefined)
    throw new Stop(
      exit.faults,
      `${name} does not sign the assertions of this configuration: rotate it as docs/operations.md says.`,
    )
  const lost = kidsBefore.filter((kid) => !kidsAfter.includes(kid))
  if (step !== 'remove' && lost.length > 0)
    throw new Stop(exit.faults, `Step "${step}" would remove the key ${lost[0]}.`)

  return [`the gateway publishes the keys ${kidsAfter.join(', ')}; the first of them signs`]
}

/**
 * Compares the keys of the deployment with those of the value that should run there.
 *
 * @returns a line that says so, or that the deployment did not answer
 * @throws {Stop} if the keys differ
 */
export async function checkDeployedKeys(
  gateway: ProbedGateway,
  origin: string,
  { name, env, before }: StepValues,
): Promise<readonly string[]> {
  const address = `${origin}/.portcullis/jwks.json`
  const signal = AbortSignal.timeout(probeTimeoutMs)
  const response = await fetch(address, { signal, redirect: 'manual' }).catch(() => undefined)
  if (response?.status !== 200)
    return [`${address} did not answer, so the deployment was not checked`]

  const deployed = readKids(await response.json())
  const expected = await readOwnKids(gateway, origin, { ...env, [name]: before })
  if (`${deployed}` !== `${expected}`)
    throw new Stop(
      exit.faults,
      `${address} publishes ${deployed.join(', ')}, and not ${expected?.join(', ')}: ${name} is not what is deployed.`,
    )
  return [`${address} publishes the keys of the step before`]
}

/** Reports whether the gateway accepts the value of the step. A gateway that does not logs why. */
export async function acceptsValue(
  gateway: ProbedGateway,
  origin: string,
  { name, env, after }: StepValues,
): Promise<boolean> {
  const { status } = await askKeys(gateway, origin, { ...env, [name]: after })
  return status === 200 || status === 404
}

/** Requests the keys from the gateway in this process, which validates its environment with each request. */
async function askKeys(gateway: ProbedGateway, origin: string, env: object): Promise<Response> {
  const request = new Request(`${origin}/.portcullis/jwks.json`)
  return gateway.fetch(request, env, { waitUntil: () => undefined })
}

/** Reads the ids of the keys that the gateway publishes, or returns undefined for a gateway that signs nothing. */
async function readOwnKids(
  gateway: ProbedGateway,
  origin: string,
  env: object,
): Promise<string[] | undefined> {
  const response = await askKeys(gateway, origin, env)
  if (response.status === 404) return undefined
  if (response.status !== 200) throw new RejectedValue()
  return readKids(await response.json())
}

function readKids(keySet: unknown): string[] {
  const { keys } = Object(keySet) as { keys?: ReadonlyArray<{ kid?: string }> }
  return (keys ?? []).map(({ kid }) => `${kid}`)
}

async function startProbe(strategy: ProbedStrategy, env: object): Promise<Probe> {
  const context = createContext(env)
  const session = openSession(strategy, context)
  await session.start(probeData)
  const { createdAt = 0, expiresAt = 0 } = (await session.info()) ?? {}
  const cookies = context.headers.getSetCookie().map((line) => line.split(';', 1)[0])

  return { cookie: cookies.join('; '), lifetimeMs: expiresAt - createdAt }
}

async function hasSession(strategy: ProbedStrategy, env: object, cookie: string): Promise<boolean> {
  const session = openSession(strategy, createContext(env, cookie))
  return (await session.get()) !== undefined
}

async function endProbe(strategy: ProbedStrategy, env: object, cookie: string): Promise<void> {
  await openSession(strategy, createContext(env, cookie)).end()
}

function openSession(strategy: ProbedStrategy, context: object): ProbedSession {
  const session = strategy.open?.(context, 'at-once')
  if (session === undefined)
    throw new Stop(exit.faults, 'The sessions of this configuration are not of this library.')
  return session
}

function createContext(
  env: object,
  cookie?: string,
): { readonly headers: Headers; readonly request: object; readonly env: object } {
  const request = { headers: new Headers(cookie === undefined ? {} : { cookie }) }
  return { request, headers: new Headers(), env }
}
