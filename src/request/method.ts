/**
 * Classifies request methods, which are case-sensitive (RFC 9110 section 9.1). CSRF checks, readers
 * of bodies, log lines and the gateway call it. It is pure and throws nothing. An unknown method is
 * neither safe nor known, and counts as one that may have a body.
 */

/**
 * Reports whether a method is safe: GET, HEAD and OPTIONS change nothing (RFC 9110 section 9.2.1).
 * TRACE is safe, too, but never served.
 */
export function isSafeMethod(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
}

/** Reports whether a method can be served. TRACE and CONNECT cannot, and `get` is no method. */
export function isKnownMethod(method: string): boolean {
  switch (method) {
    case 'GET':
    case 'HEAD':
    case 'POST':
    case 'PUT':
    case 'PATCH':
    case 'DELETE':
    case 'OPTIONS':
      return true
    default:
      return false
  }
}

/**
 * Reports whether a request with this method may have a body; `fetch` throws for a GET or HEAD with
 * one.
 */
export function mayHaveBody(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD'
}
