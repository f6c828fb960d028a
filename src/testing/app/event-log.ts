/**
 * Collects security events, so that a test can assert which events an application's log would
 * contain. Tests pass its `onEvent` to a gateway, to `portcullis()` or to any middleware with that
 * option. `waitFor` rejects with an `Error` that lists the events which came, if the expected one
 * does not come in time (5 s by default). Nothing else fails; events are stored without a limit.
 */
import type { Emit, EventType, SecurityEvent } from '../../types.ts'

/** The collected events. */
export interface EventLog {
  /**
   * The value for the option `onEvent` of a gateway, of `portcullis()`, of sessions or of any
   * middleware.
   */
  readonly onEvent: Emit
  /** All events, in the order in which they came. */
  readonly events: readonly SecurityEvent[]
  /** Returns the events of a type. */
  find(type: EventType): readonly SecurityEvent[]
  /**
   * Resolves to the first event of a type: one that was already collected, or the next one.
   *
   * @param withinMs - milliseconds until it rejects. Default 5,000.
   * @throws {Error} naming the types that came instead
   */
  waitFor(type: EventType, withinMs?: number): Promise<SecurityEvent>
  /** Forgets every event. */
  clear(): void
}

/**
 * Creates a collector of events.
 *
 * @example
 * ```ts
 * const log = createEventLog()
 * const app = new Hono().use(portcullis({ onEvent: log.onEvent }))
 * await app.request('/transfer', { method: 'POST', headers: { origin: 'https://evil.example' } })
 * log.find('csrf-refused') // [{ type: 'csrf-refused', reason: 'origin-mismatch', ... }]
 * ```
 */
export function createEventLog(): EventLog {
  const events: SecurityEvent[] = []
  const listeners = new Set<(event: SecurityEvent) => void>()

  return {
    events,
    onEvent(event): void {
      events.push(event)
      for (const listener of listeners) listener(event)
    },
    find: (type) => events.filter((event) => event.type === type),
    clear(): void {
      events.length = 0
    },
    waitFor(type, withinMs = 5000): Promise<SecurityEvent> {
      const collected = events.find((event) => event.type === type)
      if (collected !== undefined) return Promise.resolve(collected)

      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          listeners.delete(listener)
          const types = events.map((event) => event.type).join(', ')
          reject(
            new Error(
              `No event ${type} came within ${withinMs} ms; events that came: ${types || 'none'}`,
            ),
          )
        }, withinMs)

        function listener(event: SecurityEvent): void {
          if (event.type !== type) return
          clearTimeout(timer)
          listeners.delete(listener)
          resolve(event)
        }
        listeners.add(listener)
      })
    },
  }
}
