/** The parts of the benchmark, in the order in which they run. */
import type { Report, Settings } from '../lib/report.ts'
import { instructions } from './counted.ts'
import { gateway } from './gateway.ts'
import { graphql } from './graphql.ts'
import { growth } from './growth.ts'
import { headers } from './headers.ts'
import { limiters } from './limiters.ts'
import { redisTraffic } from './redis.ts'
import { routes, stack } from './routes.ts'
import {
  countBuilds,
  countRequestCurves,
  countRequests,
  countStrangers,
  measureLatency,
  measureMemory,
  measureRows,
} from './scale/index.ts'
import { sealing } from './seal.ts'
import { sizes } from './sizes.ts'
import { stores } from './stores.ts'

/** Everything that is measured, in the order in which it is. */
export const parts: ReadonlyArray<{
  letter: string
  what: string
  run: (settings: Settings) => Promise<Report>
}> = [
  { letter: 'a', what: 'seal and open', run: sealing },
  { letter: 'b', what: 'routes that read and write a session', run: routes },
  { letter: 'c', what: 'the whole stack', run: stack },
  { letter: 'd', what: 'the gateway', run: gateway },
  { letter: 'e', what: 'requests and commands to Redis', run: redisTraffic },
  { letter: 'f', what: 'bundle sizes and start-up', run: sizes },
  { letter: 'g', what: 'limiters: how exact, at what cost', run: limiters },
  { letter: 'h', what: 'how cost grows', run: growth },
  { letter: 'stores', what: 'stores: one verb of each', run: stores },
  { letter: 'graphql', what: 'GraphQL requests of 64 KB', run: graphql },
  { letter: 'headers', what: 'security headers and csrf', run: headers },
  {
    letter: 'instructions',
    what: 'headers, sessions and the gateway, counted instead of timed',
    run: instructions,
  },
  { letter: 'scale-build', what: 'a gateway of many routes', run: countBuilds },
  {
    letter: 'scale-sizes',
    what: 'users, cookies, headers, sessions',
    run: countRequestCurves,
  },
  { letter: 'scale-strangers', what: 'strangers in the memory of an isolate', run: countStrangers },
  { letter: 'scale-requests', what: 'requests and rows of a session', run: countRequests },
  { letter: 'scale-latency', what: 'how far Redis is', run: measureLatency },
  { letter: 'scale-memory', what: 'the heap after a million users', run: measureMemory },
  { letter: 'scale-rows', what: 'sessions in a store and of one user', run: measureRows },
]
