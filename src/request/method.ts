/**
 * Classifies request methods, which are case-sensitive (RFC 9110 section 9.1). CSRF checks, body
 * rules and logs call it. An unknown method is neither safe nor known.
 */

/** GET, HEAD and OPTIONS: nothing is asked to change (RFC 9110 section 9.2.1). TRACE is safe and never served. */
export function isSafeMethod(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
}

/** Methods that are served at all; TRACE and CONNECT are none, nor is `get`. */
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

/** Whether a request with this method may carry a body; `fetch` throws for GET and HEAD with one. */
export function mayHaveBody(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD'
}
