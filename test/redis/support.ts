/** A Redis that is a function: enough of Upstash's REST API to see what is sent, and to answer whatever a test wants. */
import type { RedisOptions } from '../../src/redis/index.ts'
import type { SecurityEvent } from '../../src/types.ts'

export type Command = ReadonlyArray<string | number>
/** What to answer to the commands of one request; a Response as it is, anything else as JSON. */
export type Answering = (commands: readonly Command[], request: Sent, count: number) => unknown

export interface Sent {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly commands: readonly Command[]
  readonly signal: AbortSignal
}

export interface FakeRedis {
  /** For `redis()`. */
  readonly options: RedisOptions & { readonly fetch: NonNullable<RedisOptions['fetch']> }
  readonly sent: Sent[]
  readonly events: SecurityEvent[]
  /** Names of the commands of each request. */
  readonly verbs: string[][]
}

export const token = 'AXQgASQgN2E4'
export const url = 'https://eu1-fast-cat-12345.upstash.io'

/** Default answer: every command returns its first argument behind the keys. */
export function fakeRedis(answer: Answering = echo): FakeRedis {
  const sent: Sent[] = []
  const events: SecurityEvent[] = []
  return {
    sent,
    events,
    get verbs(): string[][] {
      return sent.map(({ commands }) => commands.map(([verb]) => `${verb}`.toUpperCase()))
    },
    options: {
      url,
      token,
      onEvent: (event): void => void events.push(event),
      async fetch(to, init): Promise<Response> {
        const request: Sent = {
          url: to,
          method: init.method ?? 'GET',
          headers: new Headers(init.headers),
          commands: JSON.parse(`${init.body}`) as Command[],
          signal: init.signal as AbortSignal,
        }
        sent.push(request)
        const made = await answer(request.commands, request, sent.length)
        return made instanceof Response ? made : new Response(JSON.stringify(made))
      },
    },
  }
}

/** Each command's first argument behind its keys. */
export function echo(commands: readonly Command[]): Array<{ result: unknown }> {
  return commands.map((command) => ({ result: command[3 + Number(command[2])] ?? null }))
}

/** The error's texts, of all its causes, its properties and its stack. */
export function everythingIn(error: unknown): string {
  const seen: string[] = []
  for (let at = error; at instanceof Error; at = at.cause) {
    seen.push(at.name, at.message, `${at.stack}`, JSON.stringify(Object.entries(at)), String(at))
  }
  return seen.join('\n')
}

/** What a promise rejects with. */
export async function failureOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work
  } catch (error) {
    return error
  }
  throw new Error('nothing failed')
}
