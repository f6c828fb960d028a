/**
 * Converts header fields between `Headers` and Node's flat lists of names and values. `Exchange`
 * and `connect.ts` use it to write the head of a response, and `Exchange` also for interim
 * responses and trailers. It is pure and throws nothing. Hop-by-hop fields, Set-Cookie and
 * Content-Length are removed from interim responses and trailers.
 */
import { isStrippedResponseHeader } from '../src/proxy/header-filters.ts'

/**
 * Returns the fields of a response for `writeHead`. Each value of Set-Cookie is a separate line.
 */
export function fieldsOf(headers: Headers, empty: boolean): string[] {
  const fields: string[] = []
  headers.forEach((value, name) => {
    fields.push(name, value)
  })
  if (empty && !headers.has('content-length')) fields.push('content-length', '0')
  return fields
}

/**
 * Returns the fields of an interim response or of trailers that may be forwarded: no hop-by-hop
 * field, no field of the library, and no cookie.
 */
export function passingFields(raw: readonly string[]): Array<[name: string, value: string]> {
  const fields: Array<[string, string]> = []
  for (let index = 0; index < raw.length; index += 2) {
    const [name = '', value = ''] = [raw[index], raw[index + 1]]
    const lowerName = name.toLowerCase()
    if (
      !isStrippedResponseHeader(lowerName) &&
      lowerName !== 'set-cookie' &&
      lowerName !== 'content-length'
    )
      fields.push([name, value])
  }
  return fields
}
