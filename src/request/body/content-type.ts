/**
 * Reads the media type of a body, and checks whether it is accepted. Body rules, JSON readers and
 * the GraphQL guard call it. A missing or double type gives undefined, which no list accepts; a
 * wrong option is reported as an issue.
 */
import type { Issues } from '../../options/index.ts'
import type { ReadableHeaders } from '../request-head.ts'

/** Whether the content type of a request is on a list. */
export type AcceptsType = (headers: Pick<ReadableHeaders, 'get'>) => boolean

/** A type and a subtype in lower case (RFC 9110 section 8.3.1), or a type and `*`. */
const typeRange = /^[a-z\d!#$&^_.+-]{1,64}\/(?:\*|[a-z\d!#$&^_.+-]{1,127})$/

/**
 * Judges a list of content types, such as `['application/json', 'image/*']`, without parameters. No header is no type, and
 * so on no list: what is not declared is read in one way by a guard and in another by a server.
 */
export function compileContentTypes(value: unknown, issues: Issues): AcceptsType {
  if (!Array.isArray(value) || value.length === 0) {
    issues.add('', 'must be a non-empty list of content types, or absent')
    return () => false
  }

  for (const [index, type] of value.entries()) {
    if (typeof type === 'string' && typeRange.test(type)) continue
    issues.add(
      `${index}`,
      'must be a content type such as application/json or image/*, in lower case',
    )
  }

  const types: ReadonlySet<unknown> = new Set(value)
  return (headers) => {
    const type = mediaType(headers)
    return (
      type !== undefined &&
      (types.has(type) || types.has(`${type.slice(0, type.indexOf('/') + 1)}*`))
    )
  }
}

/** Type and subtype in lower case, without parameters; undefined where there is none or more than one. */
export function mediaType(headers: Pick<ReadableHeaders, 'get'>): string | undefined {
  const header = headers.get('content-type')
  if (header === null) return undefined

  const endIndex = header.indexOf(';')
  const type = (endIndex === -1 ? header : header.slice(0, endIndex)).trim().toLowerCase()

  // Two headers are joined by a comma; which of them counts is anybody's guess.
  return type.includes('/') && !header.includes(',') ? type : undefined
}

/**
 * Whether a body is compressed or otherwise coded. Whoever looks into a body must refuse such a one: a few KB of gzip are
 * gigabytes of text, and what is inside passed nobody's eyes.
 */
export function isCompressed(headers: Pick<ReadableHeaders, 'get'>): boolean {
  const coding = headers.get('content-encoding')
  return coding !== null && coding.trim().toLowerCase() !== 'identity'
}
