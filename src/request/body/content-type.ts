/**
 * Reads the media type of a request's body, and checks it against a list of accepted types. Checks
 * of bodies, `readJson()`, `limitBodies()` and the GraphQL guard call it. It throws nothing: an
 * invalid list is added to the caller's list of issues, and a missing, malformed or repeated
 * Content-Type gives undefined, which no list accepts.
 */
import type { Issues } from '../../options/index.ts'
import type { ReadableHeaders } from '../request-head.ts'

/** Reports whether the content type of a request is accepted. */
export type AcceptsType = (headers: Pick<ReadableHeaders, 'get'>) => boolean

/** A type and a subtype in lower case (RFC 9110 section 8.3.1), or a type and `*`. */
const typeRange = /^[a-z\d!#$&^_.+-]{1,64}\/(?:\*|[a-z\d!#$&^_.+-]{1,127})$/

/**
 * Validates a list of content types without parameters, such as `['application/json', 'image/*']`.
 * A request without Content-Type is not accepted, because a guard and a server may guess different
 * types.
 */
export function compileContentTypes(value: unknown, issues: Issues): AcceptsType {
  if (!Array.isArray(value) || value.length === 0) {
    issues.add(
      '',
      "must be a non-empty list of content types, such as ['application/json'], or left out",
    )
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

/**
 * Returns type and subtype in lower case, without parameters; undefined where there is no type or
 * more than one.
 */
export function mediaType(headers: Pick<ReadableHeaders, 'get'>): string | undefined {
  const header = headers.get('content-type')
  if (header === null) return undefined

  const endIndex = header.indexOf(';')
  const type = (endIndex === -1 ? header : header.slice(0, endIndex)).trim().toLowerCase()

  // Two headers are joined by a comma, and servers differ in which of them counts.
  return type.includes('/') && !header.includes(',') ? type : undefined
}

/**
 * Reports whether a body is compressed or otherwise encoded. Code that inspects bodies must reject
 * these: a few KB of gzip can become gigabytes of text, and the inspection would not see the
 * content.
 */
export function isCompressed(headers: Pick<ReadableHeaders, 'get'>): boolean {
  const coding = headers.get('content-encoding')
  return coding !== null && coding.trim().toLowerCase() !== 'identity'
}
