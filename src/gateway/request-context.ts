/** One request on its way through the gateway. */

import type { HeaderWriter } from '../headers/index.ts'
import type { RequestMetrics } from '../monitor/index.ts'
import type { CompiledClient } from '../proxy/upstream-client.ts'
import type { FlushableHandle } from '../session/index.ts'
import type { Settings } from './settings.ts'

/** What becomes known of a request, in the order it becomes known. */
export interface RequestContext {
  /** With the body that is to be handed on, where somebody has read the client's. */
  request: Request
  readonly env: unknown
  readonly requestId: string
  /** Reaches the upstreams of this request. */
  readonly client: CompiledClient
  /** Canonical once it is judged; what the client sent before. */
  path: string
  search: string
  /** Names of the client's headers that go no further, where they were looked through already. */
  stopped?: readonly string[]
  /** Of the host that was asked, once its route is known. Absent where the environment cannot be served; then `fault` says why. */
  settings?: Settings
  fault?: unknown
  /** The nonce of the answer's policy, where an upstream was told it. */
  nonce?: string | undefined
  /** Security headers of the route's answers, where they are not the gateway's. */
  secure?: HeaderWriter | undefined
  /** Tells the client of its limits, on whatever the answer is. */
  decorate?: (response: Response) => Response
  /** Opened where the route needs a session; settled on whatever the answer is. */
  session?: FlushableHandle<object>
  /** Keeps the request's work going after its client has left, where the platform can. */
  waitUntil?: (work: Promise<unknown>) => void
  /** What is told of the request; absent where nobody watches, and once it was told. */
  notes?: RequestMetrics | undefined
}
