/**
 * Checks ids of requests that a server in front has set. `requestId()` and `portcullis()` call it.
 * A text that is no such id is ignored, and a random one takes its place.
 */

/** Whether a text is an id as proxies make them: long enough to be one, nothing that a log or a page could stumble over. */
export function isRequestId(text: string | null): text is string {
  return text !== null && /^[A-Za-z0-9_-]{8,64}$/.test(text)
}

/** Whether an option names a header, as headers that carry ids are named. */
export function isHeaderName(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z][a-z0-9-]{0,63}$/i.test(value)
}
