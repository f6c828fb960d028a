/**
 * Differences that are meant or cannot be mended: exceptions.json lists where they are, this file why, and docs/runtimes.md says
 * both in words. One that is gone is a failure too. `node tools/test/fidelity.ts --write` writes the list anew.
 */
import { readFileSync } from 'node:fs'

/** Cases by difference: those that differ, or all but those that do not. */
export type Exceptions = Record<string, Record<string, { only?: string[]; allBut?: string[] }>>

export const exceptionsFile = 'test/fidelity/exceptions.json'

export function readExceptions(): Exceptions {
  return JSON.parse(readFileSync(exceptionsFile, 'utf8')) as Exceptions
}

/** Why a difference may be there. */
export interface Reason {
  readonly runtimes: readonly string[]
  /** As the comparison words them. */
  readonly differences: readonly string[]
  /** The cases in which it may be; absent for all of them. */
  readonly cases?: readonly string[]
  readonly why: string
}

const node = ['node-20', 'node-22', 'node-24']
/** The upstream is a URL, a service binding, or an app in the same isolate that asks the upstream. */
const workers = ['workerd', 'workerd-binding', 'workerd-app']
const fetchOnly = [...workers, 'deno', 'bun']
const everywhere = [...node, ...fetchOnly]
const webSockets = ['a WebSocket', 'a WebSocket that is refused']

/** One that none of these covers may not be named; one of these that covers none may not stay. */
export const reasons: readonly Reason[] = [
  {
    runtimes: everywhere,
    differences: ['upstream: lost te'],
    cases: ['hop-by-hop headers', 'trailer fields'],
    why: 'fields between two hops end at each (RFC 9110 section 7.6.1)',
  },
  {
    runtimes: everywhere,
    differences: ['upstream: lost proxy-connection'],
    cases: ['hop-by-hop headers'],
    why: 'fields between two hops end at each (RFC 9110 section 7.6.1)',
  },
  {
    runtimes: everywhere,
    differences: ['client: lost via'],
    cases: ['fields of caches'],
    why: 'marks of servers are removed from answers',
  },
  {
    runtimes: everywhere,
    differences: ['upstream: request line'],
    cases: ['an empty query'],
    why: 'a lone ? is no query',
  },
  {
    runtimes: everywhere,
    differences: ['client: framing chunked'],
    cases: ['a body up to the end of the connection'],
    why: 'HTTP/1.1 can say where it ends',
  },
  {
    runtimes: node,
    differences: ['upstream: asked or not', 'client: status 400'],
    cases: ['a query of raw UTF-8'],
    why: "Node's parser accepts no bytes beyond ASCII in a target",
  },
  {
    runtimes: fetchOnly,
    differences: ['upstream: request line'],
    cases: ['a query', 'a query of raw UTF-8'],
    why: 'fetch escapes a query as URL parsers do',
  },
  {
    runtimes: ['workerd', 'workerd-binding'],
    differences: ['upstream: added cache-control', 'upstream: added pragma'],
    why: "cache: 'no-store' keeps the zone's cache out",
  },
  {
    runtimes: [...workers, 'bun'],
    differences: ['upstream: framing length'],
    cases: ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    why: 'fetch adds Content-Length: 0 where there is no body',
  },
  {
    runtimes: workers,
    differences: ['upstream: cookie'],
    cases: ['two Cookie headers'],
    why: 'Headers joins the two with a comma',
  },
  {
    runtimes: workers,
    differences: ['upstream: sec-websocket-key'],
    cases: webSockets,
    why: 'the runtime makes the handshake',
  },
  {
    runtimes: workers,
    differences: ['client: its end'],
    cases: ['chunks that break off'],
    why: 'its server writes the last chunk whatever becomes of a body',
  },
  {
    runtimes: workers,
    differences: ['client: body'],
    cases: ['chunks with extensions'],
    why: 'its parser knows no extensions',
  },
  {
    runtimes: workers,
    differences: ['client: status 502'],
    cases: ['Early Hints', 'Processing'],
    why: 'its fetch takes an interim answer for the final one',
  },
  {
    runtimes: ['deno', 'bun'],
    differences: ['client: interim answers'],
    cases: ['Early Hints', 'Processing'],
    why: 'fetch passes over interim answers',
  },
  {
    runtimes: fetchOnly,
    differences: ['client: trailers'],
    cases: ['trailer fields'],
    why: 'fetch has no trailer fields',
  },
  {
    runtimes: [...workers, 'deno'],
    differences: ['client: content-length'],
    cases: ['status 304 with a length'],
    why: 'its server sends no length with a 304',
  },
  {
    runtimes: ['deno', 'bun'],
    differences: ['client: content-length'],
    cases: ['HEAD of chunks'],
    why: 'its server adds Content-Length: 0',
  },
  {
    runtimes: ['deno', 'bun'],
    differences: ['upstream: added accept', 'upstream: added user-agent'],
    why: 'fetch adds them',
  },
  {
    runtimes: ['deno'],
    differences: ['upstream: added accept-language', 'upstream: added accept-encoding'],
    why: 'fetch adds them',
  },
  {
    runtimes: ['deno'],
    differences: ['upstream: accept-encoding'],
    why: 'the gateway asks only for what fetch decodes',
  },
  {
    runtimes: ['deno'],
    differences: ['upstream: framing chunked'],
    why: 'fetch sends streams in chunks',
  },
  {
    runtimes: ['deno'],
    differences: ['client: lost content-encoding', 'client: framing chunked'],
    cases: ['coding gzip', 'coding GZIP', 'coding br', 'a coding that was not asked for'],
    why: 'fetch decodes these',
  },
  {
    runtimes: ['deno'],
    differences: ['client: body'],
    cases: ['coding gzip', 'coding GZIP', 'coding br'],
    why: 'fetch decodes these',
  },
  {
    runtimes: ['deno'],
    differences: ['client: status 502'],
    cases: ['a part of a coded file'],
    why: 'fetch decodes what cannot be decoded',
  },
  {
    runtimes: ['deno'],
    differences: ['client: status 502'],
    cases: ['a head of 100 kB', '300 headers'],
    why: 'fetch bounds heads',
  },
  {
    runtimes: ['bun'],
    differences: ['client: status 502'],
    cases: ['300 headers'],
    why: 'fetch bounds heads',
  },
  {
    runtimes: ['deno'],
    differences: ['client: framing close'],
    cases: ['status 205'],
    why: 'its server sends no length with a 205',
  },
  {
    runtimes: ['deno', 'bun'],
    differences: ['client: reason', 'client: added date'],
    why: 'its server writes the usual reason and the date',
  },
  {
    runtimes: ['deno', 'bun'],
    differences: ['upstream: asked or not', 'client: status 501'],
    cases: webSockets,
    why: 'no WebSocket can be handed on',
  },
  {
    runtimes: ['bun'],
    differences: ['client: added content-type'],
    why: 'its server adds one',
  },
  {
    runtimes: ['bun'],
    differences: ['client: framing length'],
    cases: ['chunks', 'chunks with extensions', 'trailer fields', 'a stream of events'],
    why: 'its server measures a body that it has whole',
  },
  {
    runtimes: ['bun'],
    differences: ['client: framing chunked'],
    cases: ['an answer that breaks off'],
    why: 'its server sends streams in chunks',
  },
]

/** Whether a reason covers a difference of one case in a runtime. */
export function covers(
  { runtimes, differences, cases }: Reason,
  runtime: string,
  difference: string,
  name: string,
): boolean {
  return (
    runtimes.includes(runtime) &&
    differences.includes(difference) &&
    (cases === undefined || cases.includes(name))
  )
}

/** The parts of reasons that cover nothing that is listed: each is a difference that is gone. */
export function findUnusedReasons(exceptions: Exceptions, names: readonly string[]): string[] {
  return reasons.flatMap(({ runtimes, differences, cases, why }) =>
    runtimes.flatMap((runtime) =>
      differences.flatMap((difference) => {
        const listed = exceptions[runtime]?.[difference]
        const unused = (cases ?? []).filter((name) => listed === undefined || !lists(listed, name))
        if (
          cases === undefined &&
          (listed === undefined || !names.some((name) => lists(listed, name)))
        )
          return [`${runtime}: ${difference} (${why})`]
        return unused.map((name) => `${runtime}: ${difference} in ${name} (${why})`)
      }),
    ),
  )
}

/** Whether a difference is listed for a case. */
export function lists({ only, allBut }: Exceptions[string][string], name: string): boolean {
  return only === undefined ? !allBut?.includes(name) : only.includes(name)
}
