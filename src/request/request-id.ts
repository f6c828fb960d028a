/**
 * Validates request ids that a proxy in front has set, and names of headers that may contain one.
 * `requestId()`, `portcullis()` and the gateway call it. It is pure and throws nothing. The caller
 * ignores an invalid id and creates a random one.
 */

/**
 * Reports whether a text can be used as a request id: 8 to 64 letters, digits, `-` and `_`, which
 * are safe in logs and pages.
 */
export function isRequestId(text: string | null): text is string {
  return text !== null && /^[A-Za-z0-9_-]{8,64}$/.test(text)
}

/** Reports whether an option is the name of a header with letters, digits and dashes. */
export function isHeaderName(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z][a-z0-9-]{0,63}$/i.test(value)
}
