/**
 * Calls a database through the circuit breaker of its store, and emits an event for each failure. The
 * D1 and Postgres stores (`d1/call.ts`, `postgres/query.ts`) make every call through it.
 *
 * While the breaker is open it throws `ERR_STORE_UNAVAILABLE` without calling the database, except for
 * calls that end sessions (`urgent`). A call that fails throws its `StoreError`: `ERR_STORE_REFUSED`
 * and conflicts leave the breaker closed, an unavailable database opens it. `ask` must reject with
 * `StoreError` only.
 */
import type { StoreBreaker } from '../../redis/breaker.ts'
import { StoreError } from '../../redis/failure.ts'
import type { Emit } from '../../types.ts'

/** The settings that all calls of a store share. */
export interface GuardSettings {
  readonly emit: Emit
  readonly breaker: StoreBreaker
}

/** Names for events: `subject` is the verb of the store, `store` its kind. */
export interface CallName {
  readonly subject: string
  readonly store: string
  /**
   * True if the call ends sessions. It is sent even while the breaker is open: sessions that it misses would live on.
   */
  readonly urgent?: boolean
}

/** The reason of a call that changed nothing and may succeed when it is repeated. The store itself is available. */
const conflict = 'conflict'

/**
 * Makes a call unless the breaker is open, and reports its outcome to the breaker.
 *
 * @throws {StoreError}
 */
export async function guardCall<Reply>(
  { emit, breaker }: GuardSettings,
  { subject, store, urgent = false }: CallName,
  ask: () => Promise<Reply>,
): Promise<Reply> {
  if (!breaker.admit() && !urgent) {
    emit({ type: 'store-unavailable', reason: 'breaker-open', subject })
    throw new StoreError(
      'ERR_STORE_UNAVAILABLE',
      'breaker-open',
      'The store is not available (breaker-open)',
    )
  }
  try {
    const reply = await ask()

    if (breaker.succeed()) emit({ type: 'breaker-closed', subject: store })
    return reply
  } catch (error) {
    const failure = error as StoreError
    const { code, reason } = failure

    emit({
      type: code === 'ERR_STORE_REFUSED' ? 'store-refused' : 'store-unavailable',
      reason,
      subject,
    })
    if (code === 'ERR_STORE_REFUSED' || reason === conflict) breaker.succeed()
    else if (breaker.fail(failure)) emit({ type: 'breaker-opened', reason, subject: store })
    throw failure
  }
}
