/**
 * Reads the fields of a `multipart/form-data` body where all servers find the same ones. The login
 * throttle and the method override call it. A body that servers could read in two ways gives
 * undefined.
 */
import { isClearName, isForeignName, mostForeignNames } from './names.ts'
import { setsCharset } from './urlencoded.ts'

/** One part. */
export interface MultipartField {
  readonly name: string
  /** As it was sent; a part that has one is a file to some servers and a text to others. */
  readonly fileName: string | undefined
  /** The text; undefined where the part is not UTF-8, as files are. */
  readonly value: string | undefined
}

/** The one parameter that RFC 7578 gives the type, once, quoted or not. */
const contentTypeForm =
  /^multipart\/form-data ?; ?boundary=(?:"([\w'()+,./:=?-]{1,70})"|([\w'+.-]{1,70}))$/i

/** As browsers, curl and the libraries of .NET, Java and Python write it: the name first, no escapes, no second form of either. */
const dispositionForm =
  /^form-data; ?name=(?:"([^"\\]*)"|([\w.-]+))(?:; ?filename=(?:"([^"\\]*)"|([\w.-]+)))?$/i

/** Further headers that a part may have: they change no server's reading. */
const plainHeaders: ReadonlyMap<string, RegExp> = new Map([
  ['content-length', /^\d{1,15}$/],
  ['content-transfer-encoding', /^(?:binary|7bit|8bit)$/i],
])

/** Rack takes 4,096 parts, PHP 1,000 fields, busboy as many as it is told. */
const mostParts = 1000

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The boundary of a `multipart/form-data` type; undefined for what servers could read in more than one way. */
export function readBoundary(contentType: string): string | undefined {
  const [, quoted, token] = contentTypeForm.exec(contentType.trim()) ?? []
  return quoted ?? token
}

/**
 * Reads a `multipart/form-data` body. undefined where the servers we know would not all find the same fields in it: text
 * before the first boundary or behind the last, lines that end in LF alone, a boundary that stands elsewhere, headers that are
 * folded, doubled or unknown, names with escapes (`\"`, `%22`), `name*=` and `filename*=` (RFC 2231, RFC 5987), another charset
 * or coding, `_charset_`, parts that are made of parts, bytes without a file name, more than 1,000 parts, or 200 with names
 * beyond ASCII.
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
    const next = text.indexOf(delimiter, startIndex)
    // No server misses a boundary that stands at the beginning of a line, and some find it elsewhere.
    if (next < startIndex + 2 || text.slice(next - 2, next) !== '\r\n') return undefined
    const field = fields.length < mostParts ? readPart(text, body, startIndex, next - 2) : undefined
    if (field === undefined || (isForeignName(field.name) && ++foreign > mostForeignNames))
      return undefined
    fields.push(field)
    startIndex = next + delimiter.length
    const rest = text.slice(startIndex, startIndex + 5)
    if (rest === '--' || rest === '--\r\n') return fields
    if (!rest.startsWith('\r\n')) return undefined
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
  if (type !== undefined && readByParts.test(type)) return undefined
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
  let at = startIndex
  while (at < endIndex) {
    let lineEnd = text.indexOf('\r\n', at)
    if (lineEnd === -1 || lineEnd > endIndex) lineEnd = endIndex
    const line = decode(body.subarray(at, lineEnd))
    const [, name, value] = /^([\w-]{1,64}):(.*)$/s.exec(line ?? '') ?? []
    // biome-ignore lint/suspicious/noControlCharactersInRegex: a bare CR or LF begins a line to some.
    if (name === undefined || value === undefined || /[\0-\x08\x0a-\x1f\x7f]/.test(value))
      return undefined
    const lower = name.toLowerCase()
    const isKnown = lower === 'content-disposition' || lower === 'content-type'
    if (headers.has(lower) || (!isKnown && !plainHeaders.get(lower)?.test(value.trim())))
      return undefined
    headers.set(lower, value)
    at = lineEnd + 2
  }
  return headers
}

/** Types of a part in which Python's `cgi` looks for further fields. */
const readByParts = /^\s*(?:multipart\/|message\/|application\/x-www-form-urlencoded)/i

/** Whether a field's own type leaves it a text in UTF-8. busboy takes what has the type of bytes for a file. */
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

/** One character for each byte, so that places in it are places in the body. */
function toLatin1(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 8192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return text
}
