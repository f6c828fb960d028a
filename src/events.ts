/**
 * Delivers security events to two listeners: that of the module which emits the event (its option
 * `onEvent`), and that of the request which the event is about (the gateway or `portcullis()`).
 * Every module emits through `emitEvent`. Listeners must not throw: those of options are wrapped by
 * `optionalListener`, which drops their errors, so that a log that fails cannot fail a request.
 * Without a listener an event is dropped.
 */
import type { Emit, SecurityEvent } from './types.ts'

/** Receives every event of one request, for the gateway or the `portcullis()` that handles it. */
export interface RequestListener {
  /** The request's id, which is added to its events. */
  readonly requestId: string | undefined
  /**
   * Receives an event.
   *
   * @param receivedBy - the function that has already received the event, as option `onEvent` of
   *   the emitting module. A listener that would call the same function skips it, so that no event
   *   is counted twice.
   */
  notify(event: SecurityEvent, receivedBy: unknown): void
}

/**
 * The property of a request's context that holds its listener. The context is a Hono Context, or
 * the object with which a session was opened. A property is used because an entry in a WeakMap
 * would cost garbage collection at every request.
 */
const LISTENER = Symbol('listener')
/** The property of a wrapped listener that holds the application's function. */
const sourceSymbol = Symbol('source')

type ContextWithListener = { [LISTENER]?: RequestListener | undefined }
type ListenerWithSource = { [sourceSymbol]?: unknown }

/**
 * Delivers the events that are emitted with this context to a listener. A later listener replaces
 * it.
 */
export function listenToRequest(context: object, listener: RequestListener | undefined): void {
  ;(context as ContextWithListener)[LISTENER] = listener
}

/** Records which function of the application a wrapped listener calls. */
export function recordListenerSource(wrappedListener: object, source: unknown): void {
  ;(wrappedListener as ListenerWithSource)[sourceSymbol] = source
}

/**
 * Reports whether any listener would receive an event. It saves creating an event that nobody
 * receives.
 */
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
  listener?.notify(event, (ownListener as ListenerWithSource | undefined)?.[sourceSymbol])
}

/** Delivers the events of another context of the same request to the listener of this one. */
export function shareListener(context: object, otherContext: object): void {
  listenToRequest(otherContext, findListener(context))
}

function findListener(context: object | undefined): RequestListener | undefined {
  return (context as ContextWithListener | undefined)?.[LISTENER]
}
