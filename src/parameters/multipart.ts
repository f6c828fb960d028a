/**
 * Reads the fields of a `multipart/form-data` body if all servers find the same ones. The login throttle and the method
 * override call it. It returns undefined for a body that servers could read in two ways.
 */
import { isClearName, isForeignName, maxForeignNames } from './names.ts'
import { setsCharset } from './urlencoded.ts'

/** A part of a multipart body. */
export interface MultipartField {
  readonly name: string
  /** The file name as it was sent. A part that has one is a file to some servers and a text to others. */
  readonly fileName: string | undefined
  /** The text; undefined if the part is not UTF-8, as files are. */
  readonly value: string | undefined
}

/** The only parameter of the type in RFC 7578, once, with or without quotes. */
const contentTypeForm =
  /^multipart\/form-data ?; ?boundary=(?:"([\w'()+,./:=?-]{1,70})"|([\w'+.-]{1,70}))$/i

/**
 * The header as browsers, curl and the libraries of .NET, Java and Python write it: the name first, no escapes, and
 * neither of the two in a second form.
 */
const dispositionForm =
  /^form-data; ?name=(?:"([^"\\]*)"|([\w.-]+))(?:; ?filename=(?:"([^"\\]*)"|([\w.-]+)))?$/i

/** The other headers that a part may have, with values that change nothing in how servers read it. */
const plainHeaders: ReadonlyMap<string, RegExp> = new Map([
  ['content-length', /^\d{1,15}$/],
  ['content-transfer-encoding', /^(?:binary|7bit|8bit)$/i],
])

/** Most parts of a body. Rack reads 4,096 parts, PHP 1,000 fields, and busboy has no limit of its own. */
const maxParts = 1000

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads the boundary from a `multipart/form-data` type, or returns undefined if servers could read it in more than one
 * way.
 */
export function readBoundary(contentType: string): string | undefined {
  const [, quoted, token] = contentTypeForm.exec(contentType.trim()) ?? []
  return quoted ?? token
}

/**
 * Reads a `multipart/form-data` body. Returns undefined if the servers we know would not all find the same fields in
 * it:
 *
 * - text before the first boundary or after the last one
 * - lines that end in LF alone
 * - a boundary that is not at the beginning of a line
 * - headers that are folded, repeated or unknown
 * - names with escapes (`\"`, `%22`)
 * - `name*=` and `filename*=` (RFC 2231, RFC 5987)
 * - another charset or coding, or a field `_charset_`
 * - parts that contain parts
 * - bytes without a file name
 * - more than 1,000 parts, or 200 with names beyond ASCII
 *
 * @see RFC 7578; RFC 2046 section 5.1
 */
export function readMultipart(
  body: Uint8Array,
  contentType: string,
): readonly MultipartField[] | undefined {
  const boundary = readBoundary(contentType)
  if (boundary === undefined) return undefined
  const text = toLatin1(body)
  const delimiter = `--${boundary}`
  if (!text.startsWith(`${delimiter}\r\n`)) return undefined
  const fields: MultipartField[] = []
  let foreign = 0
  let startIndex = delimiter.length + 2
  for (;;) {
    const delimiterIndex = text.indexOf(delimiter, startIndex)
    // All servers find a boundary at the beginning of a line, and some find it elsewhere too.
    if (
      delimiterIndex < startIndex + 2 ||
      text.slice(delimiterIndex - 2, delimiterIndex) !== '\r\n'
    )
      return undefined
    const field =
      fields.length < maxParts ? readPart(text, body, startIndex, delimiterIndex - 2) : undefined
    if (field === undefined || (isForeignName(field.name) && ++foreign > maxForeignNames))
      return undefined
    fields.push(field)
    startIndex = delimiterIndex + delimiter.length
    const ending = text.slice(startIndex, startIndex + 5)
    if (ending === '--' || ending === '--\r\n') return fields
    if (!ending.startsWith('\r\n')) return undefined
    startIndex += 2
  }
}

function readPart(
  text: string,
  body: Uint8Array,
  startIndex: number,
  endIndex: number,
): MultipartField | undefined {
  const headersEnd = text.indexOf('\r\n\r\n', startIndex)
  if (headersEnd === -1 || headersEnd + 4 > endIndex) return undefined
  const headers = readHeaders(text, body, startIndex, headersEnd)
  const disposition = headers?.get('content-disposition')?.trim()
  if (headers === undefined || disposition === undefined) return undefined
  const [, quoted, token, quotedFile, tokenFile] = dispositionForm.exec(disposition) ?? []
  const name = quoted ?? token
  const fileName = quotedFile ?? tokenFile
  if (name === undefined || !isClearName(name)) return undefined
  const type = headers.get('content-type')
  if (type !== undefined && nestedType.test(type)) return undefined
  if (type !== undefined && fileName === undefined && !isUtf8Text(type)) return undefined

  const value = decode(body.subarray(headersEnd + 4, endIndex))
  if (value === undefined && fileName === undefined) return undefined
  return value !== undefined && setsCharset(name, value) ? undefined : { name, fileName, value }
}

function readHeaders(
  text: string,
  body: Uint8Array,
  startIndex: number,
  endIndex: number,
): ReadonlyMap<string, string> | undefined {
  const headers = new Map<string, string>()
  let lineStart = startIndex
  while (lineStart < endIndex) {
    let lineEnd = text.indexOf('\r\n', lineStart)
    if (lineEnd === -1 || lineEnd > endIndex) lineEnd = endIndex
    const line = decode(body.subarray(lineStart, lineEnd))
    const [, name, value] = /^([\w-]{1,64}):(.*)$/s.exec(line ?? '') ?? []
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a bare CR or LF begins a line to some.
    if (name === undefined || value === undefined || /[\0-\x08\x0a-\x1f\x7f]/.test(value))
      return undefined
    const lower = name.toLowerCase()
    const isKnown = lower === 'content-disposition' || lower === 'content-type'
    if (headers.has(lower) || (!isKnown && !plainHeaders.get(lower)?.test(value.trim())))
      return undefined
    headers.set(lower, value)
    lineStart = lineEnd + 2
  }
  return headers
}

/** Types of a part in which the module `cgi` of Python looks for further fields. */
const nestedType = /^\s*(?:multipart\/|message\/|application\/x-www-form-urlencoded)/i

/**
 * Reports whether the type of a field leaves it a text in UTF-8. For busboy, a field of type `application/octet-stream`
 * is a file.
 */
function isUtf8Text(type: string): boolean {
  if (/^\s*application\/octet-stream/i.test(type)) return false
  return (
    !/charset/i.test(type) || /^[\w.+/-]{1,127}; ?charset=(?:utf-?8|"utf-?8")$/i.test(type.trim())
  )
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** Decodes each byte to one character, so that an index in the text is an index in the body. */
function toLatin1(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 8192)
    text += String.fromCharCode(...bytes.subarray(i, i + 8192))
  return text
}
