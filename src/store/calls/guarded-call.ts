/**
 * Calls a database through the breaker of its store, and reports failures as events. The stores in
 * Postgres and D1 call it. While the breaker is open, and where the call fails, it throws a
 * `StoreError`.
 */
import type { StoreBreaker } from '../../redis/breaker.ts'
import { StoreError } from '../../redis/failure.ts'
import type { Emit } from '../../types.ts'

/** Settings that every call of a store shares. */
export interface GuardSettings {
  readonly emit: Emit
  readonly breaker: StoreBreaker
}

/** Names for events: the verb, and the kind of the store. */
export interface CallName {
  readonly subject: string
  readonly store: string
  /** It ends sessions: it is sent even while the store counts as away, since whatever it does not reach lives on. */
  readonly urgent?: boolean
}

/** Nothing was done, and the same statement may succeed: the store itself is there. */
const conflict = 'conflict'

/**
 * Asks where the store is not away.
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
