/**
 * Ends the sessions of a user as an administrator, with the strategy of a configuration. `sessions.ts` calls it. It
 * throws what the strategy throws, such as `ERR_STORE_UNAVAILABLE`.
 */

/** A session as the strategy lists it: `SessionInfo` of `portcullis/session`. */
export interface ListedSession {
  readonly id: string
  readonly createdAt: number
  readonly seenAt: number
  readonly expiresAt: number
  readonly client?: {
    readonly browser?: string
    readonly system?: string
    readonly country?: string
    readonly network?: string
  }
}

interface EndArguments {
  readonly user: string
  readonly env: unknown
  readonly context: object
  readonly by: { readonly actor: 'administrator'; readonly user?: string }
}

/** The methods of a strategy that the command uses. Only some strategies have them. */
export interface AdministrableStrategy {
  readonly kind?: string
  chosen?(env: unknown): AdministrableStrategy
  list?(args: { readonly user: string; readonly env: unknown }): Promise<ListedSession[]>
  endOne?(args: EndArguments & { readonly id: string }): Promise<boolean>
  endAll?(args: EndArguments): Promise<number | undefined>
}

interface SecurityEvent {
  readonly type: string
  readonly request?: string
}

/** The part of a configuration that concerns sessions and their events. */
export interface SessionsConfig {
  readonly session?: AdministrableStrategy
  readonly audit?: { record(event: SecurityEvent, source: object): void }
  readonly onEvent?: (event: SecurityEvent) => void
}

/**
 * The exports of `hono` and `portcullis` in the project, with which a request is made whose events reach the project.
 */
export interface StackModule {
  readonly Hono: new () => HonoLike
  readonly portcullis: (options: object) => unknown
}
interface HonoLike {
  use(middleware: unknown): HonoLike
  all(path: string, handler: (c: object) => Promise<Response>): HonoLike
  fetch(request: Request, env: unknown, context: object): Promise<Response>
}

/** The sessions to end, and the administrator who ends them. */
export interface EndRequest {
  readonly user: string
  /** The whole id of one session; undefined for all sessions of the user. */
  readonly id: string | undefined
  readonly administrator: string | undefined
}

/** The result of ending sessions. */
export interface EndResult {
  /** Number of ended sessions; undefined if the strategy cannot count them. */
  readonly ended: number | undefined
  /** The events, each with the id under which its audit record is found. */
  readonly events: readonly SecurityEvent[]
}

/** The subject of the events, which distinguishes this command from the console and from an upstream. */
const subject = 'portcullis sessions'

/** Options that switch off the steps of the stack that respond to visitors, because there is no visitor. */
const withoutSteps = {
  headers: false,
  csrf: false,
  path: false,
  methods: false,
  limits: false,
  body: false,
}

/**
 * Ends sessions in a request through the stack, so that the events reach the audit trail and the log of the
 * configuration.
 */
export async function endSessions(
  { session, audit, onEvent }: SessionsConfig,
  { Hono, portcullis }: StackModule,
  env: unknown,
  { user, id, administrator }: EndRequest,
): Promise<EndResult> {
  const by = { actor: 'administrator', ...(administrator && { user: administrator }) } as const
  const events: SecurityEvent[] = []
  const work: Promise<unknown>[] = []
  const waitUntil = (promise: Promise<unknown>): void => void work.push(promise)
  let [ended, failure]: [number | undefined, unknown] = [undefined, undefined]

  function deliver(strategyEvent: SecurityEvent): void {
    const event = { ...strategyEvent, subject }
    events.push(event)
    onEvent?.(event)
    const { request: requestId = '' } = event
    const source = { headers: new Headers(), address: undefined, now: Date.now() }
    audit?.record(event, { ...source, env, requestId, waitUntil })
  }

  const app = new Hono()
    .use(portcullis({ ...withoutSteps, onEvent: deliver }))
    .all('*', async (context) => {
      const args = { user, env, context, by }
      try {
        ended =
          id === undefined
            ? await session?.endAll?.(args)
            : Number(await session?.endOne?.({ ...args, id }))
      } catch (error) {
        failure = error
      }
      return new Response()
    })
  await app.fetch(new Request('http://localhost/'), env, { waitUntil })
  await Promise.allSettled(work)
  if (failure !== undefined) throw failure

  return { ended, events }
}
