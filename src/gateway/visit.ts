/** One request on its way through the gateway. */
import type { Notes } from '../monitor/index.ts'
import type { FlushableHandle } from '../session/index.ts'
import type { Settings } from './settings.ts'

/** What becomes known of a request, in the order it becomes known. */
export interface Visit {
  readonly request: Request
  readonly env: unknown
  readonly requestId: string
  /** Canonical once it is judged; what the client sent before. */
  path: string
  search: string
  /** Absent where the environment cannot be served; then `fault` says why. */
  settings?: Settings
  fault?: unknown
  /** The nonce of the answer's policy, where an upstream was told it. */
  nonce?: string | undefined
  /** Opened where the route needs a session; settled on whatever the answer is. */
  session?: FlushableHandle<object>
  /** Keeps the request's work going after its client has left, where the platform can. */
  waitUntil?: (work: Promise<unknown>) => void
  /** What is told of the request; absent where nobody watches, and once it was told. */
  notes?: Notes | undefined
}
