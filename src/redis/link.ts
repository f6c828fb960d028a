/** The one place that knows `@upstash/redis`: it words the commands, `carry.ts` takes them there. */
import { Redis as Client } from '@upstash/redis/cloudflare'
import { carry, type Place, type Reply } from './carry.ts'
import { type Deadline, startDeadline } from './deadline.ts'

/** One script call, ready to be sent. */
export interface Command {
  readonly verb: 'evalsha' | 'eval'
  /** Digest or source. */
  readonly script: string
  readonly keys: readonly string[]
  readonly args: readonly string[]
}

/** A client for one address and token. */
export interface Link {
  /** This Redis does not know the flag `allow-key-locking`: learned once, then remembered. */
  plain: boolean
  /** Sends all commands as one HTTP request. Replies in their order. */
  send(commands: readonly Command[], deadline: Deadline): Promise<Reply[]>
}

/**
 * Makes a client. Replies come as JSON has them: text is not asked for in base64, which costs CPU and which the client
 * decodes wrongly below the first level, and not parsed as JSON, which would turn `"123"` into 123.
 */
export function link(place: Place, timeoutMs: number): Link {
  const client = new Client({
    url: place.url,
    token: place.token,
    automaticDeserialization: false,
    enableAutoPipelining: false,
    enableTelemetry: false,
    readYourWrites: false, // EVALSHA goes to the primary
    responseEncoding: false,
    retry: { retries: 0 },
  })
  // `exec` reaches this before it waits for anything; were that to change, each HTTP request would get a budget of its own.
  let next: Deadline | undefined
  client.use(async ({ body }) => {
    const deadline = next ?? startDeadline(timeoutMs)
    next = undefined
    return (await carry(body as readonly unknown[], place, deadline)) as object
  })
  return {
    plain: false,
    send(commands, deadline): Promise<Reply[]> {
      const pipeline = client.pipeline()
      for (const { verb, script, keys, args } of commands) pipeline[verb](script, [...keys], [...args])
      next = deadline
      return pipeline.exec<unknown[]>({ keepErrors: true }) as Promise<Reply[]>
    },
  }
}
