/** Fields of responses between `Headers` and Node's lists. */
import { isStrippedResponseHeader } from '../src/proxy/header-filters.ts'

/** Fields of a response for `writeHead`: each value of Set-Cookie is a line of its own. */
export function fieldsOf(headers: Headers, empty: boolean): string[] {
  const fields: string[] = []
  headers.forEach((value, name) => {
    fields.push(name, value)
  })
  if (empty && !headers.has('content-length')) fields.push('content-length', '0')
  return fields
}

/** Fields of an interim answer or behind a body that may go on: not hop by hop, not ours, and no cookie. */
export function passingFields(raw: readonly string[]): Array<[name: string, value: string]> {
  const kept: Array<[string, string]> = []
  for (let index = 0; index < raw.length; index += 2) {
    const [name = '', value = ''] = [raw[index], raw[index + 1]]
    const lower = name.toLowerCase()
    if (!isStrippedResponseHeader(lower) && lower !== 'set-cookie' && lower !== 'content-length')
      kept.push([name, value])
  }
  return kept
}
