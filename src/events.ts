/**
 * Delivers security events: to the listener of the module that emits them, and to the listener of
 * the request that they are about. Every module emits through `emitEvent`. Listeners of options
 * are wrapped by `optionalListener`, which drops their errors, so a log that fails cannot fail a
 * request.
 */
import type { Emit, SecurityEvent } from './types.ts'

/** Receives every event of one request: the gateway or the stack that handles it. */
export interface RequestListener {
  /** Id of the request, which its events get. */
  readonly requestId: string | undefined
  /**
   * Receives an event.
   *
   * @param heardBy - the function that has received it already, as the option `onEvent` of the module that emits. A listener
   *   that would call the same function leaves that out, so that no event is counted twice.
   */
  notify(event: SecurityEvent, heardBy: unknown): void
}

/**
 * The listener of a request is a property of its context (a Hono Context, or the object that a session was opened with), and the
 * function of the user a property of the listener that wraps it: an entry in a WeakMap would cost every request its collection.
 */
const LISTENER = Symbol('listener')
const sourceSymbol = Symbol('source')

type Listening = { [LISTENER]?: RequestListener | undefined }
type Wrapping = { [sourceSymbol]?: unknown }

/**
 * Delivers the events that are emitted with this context to a listener. A later listener replaces
 * it.
 */
export function listenToRequest(context: object, listener: RequestListener | undefined): void {
  ;(context as Listening)[LISTENER] = listener
}

/** Records which function of the user a wrapped listener calls. */
export function recordListenerSource(wrappedListener: object, source: unknown): void {
  ;(wrappedListener as Wrapping)[sourceSymbol] = source
}

/** Whether any listener would receive an event; saves the work of creating one. */
export function hasListener(ownListener: Emit | undefined, context: object | undefined): boolean {
  return ownListener !== undefined || findListener(context) !== undefined
}

/**
 * Emits an event.
 *
 * @param ownListener - the listener of the module, from its option `onEvent`.
 * @param context - the context of the request; undefined for an event that belongs to none.
 */
export function emitEvent(
  ownListener: Emit | undefined,
  event: SecurityEvent,
  context: object | undefined,
): void {
  const listener = findListener(context)
  const request = listener?.requestId
  ownListener?.(request === undefined ? event : { request, ...event })
  listener?.notify(event, (ownListener as Wrapping | undefined)?.[sourceSymbol])
}

/** Delivers the events of another context of the same request to the listener of this one. */
export function shareListener(context: object, otherContext: object): void {
  listenToRequest(otherContext, findListener(context))
}

function findListener(context: object | undefined): RequestListener | undefined {
  return (context as Listening | undefined)?.[LISTENER]
}
