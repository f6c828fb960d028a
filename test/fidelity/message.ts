/** Takes HTTP/1.1 messages apart, so that two of them can be compared. */

/** A request or an answer as bytes say it. */
export interface Message {
  /** Request line or status line. */
  readonly start: string
  /** Lower-case names; fields of one name joined as RFC 9110 section 5.3 allows, but for Set-Cookie. */
  readonly fields: ReadonlyMap<string, string>
  readonly framing: 'length' | 'chunked' | 'close' | 'none'
  /** Of the content, without its framing, as Latin-1. */
  readonly body: string
  readonly trailers: string
  /** Whether the body ended as its framing says. */
  readonly whole: boolean
}

/** Every message in some bytes, read as Latin-1: interim answers and the final one. */
export function parseMessages(bytes: string, bodiless: boolean): Message[] {
  const messages: Message[] = []
  let rest = bytes
  while (rest !== '') {
    const end = rest.indexOf('\r\n\r\n')
    if (end === -1) break
    const [start = '', ...lines] = rest.slice(0, end).split('\r\n')
    const fields = readFields(lines)
    const interim = /^HTTP\/1\.[01] 1(?!01)\d\d/.test(start)
    const body = interim
      ? { framing: 'none' as const, body: '', trailers: '', whole: true, left: rest.slice(end + 4) }
      : readBody(rest.slice(end + 4), fields, start, bodiless)
    messages.push({
      start,
      fields,
      framing: body.framing,
      body: body.body,
      trailers: body.trailers,
      whole: body.whole,
    })
    if (!interim) break
    rest = body.left
  }
  return messages
}

function readFields(lines: readonly string[]): Map<string, string> {
  const fields = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    const before = fields.get(name)
    const joint = name === 'set-cookie' ? ' | ' : name === 'cookie' ? '; ' : ', '
    fields.set(name, before === undefined ? value : before + joint + value)
  }
  return fields
}

interface Body {
  framing: Message['framing']
  body: string
  trailers: string
  whole: boolean
  left: string
}

function readBody(
  bytes: string,
  fields: ReadonlyMap<string, string>,
  start: string,
  bodiless: boolean,
): Body {
  const isAnswer = start.startsWith('HTTP/')
  const empty = isAnswer && (bodiless || /^HTTP\/1\.\d (?:204|304)\b/.test(start))
  if (empty) return { framing: 'none', body: bytes, trailers: '', whole: bytes === '', left: '' }
  if (/chunked$/i.test(fields.get('transfer-encoding') ?? '')) return readChunks(bytes)
  const length = fields.get('content-length')
  if (length !== undefined) {
    const body = bytes.slice(0, Number(length))
    return {
      framing: 'length',
      body,
      trailers: '',
      whole: body.length === Number(length),
      left: '',
    }
  }
  return { framing: isAnswer ? 'close' : 'none', body: bytes, trailers: '', whole: true, left: '' }
}

function readChunks(bytes: string): Body {
  let body = ''
  let at = 0
  for (;;) {
    const line = bytes.indexOf('\r\n', at)
    const size = line === -1 ? Number.NaN : Number.parseInt(bytes.slice(at, line), 16)
    if (Number.isNaN(size))
      return { framing: 'chunked', body, trailers: '', whole: false, left: '' }
    if (size === 0) {
      const trailers = bytes.slice(line + 2).replace(/(?:\r\n)+$/, '')
      return { framing: 'chunked', body, trailers, whole: bytes.endsWith('\r\n\r\n'), left: '' }
    }
    body += bytes.slice(line + 2, line + 2 + size)
    at = line + 2 + size + 2
  }
}

/** What a gateway says to an upstream by its own right, and what is between two hops only. */
const ofTheGateway =
  /^(?:host|connection|keep-alive|x-forwarded-\w+|forwarded|x-request-id|portcullis-.*)$/
/** What a gateway says to a client by its own right: its security headers. */
const ofItsAnswers =
  /^(?:connection|keep-alive|x-request-id|content-security-policy.*|reporting-endpoints|referrer-policy|x-[\w-]+-options|x-xss-protection|permissions-policy|cross-origin-.*|origin-agent-cluster|x-permitted-cross-domain-policies|x-dns-prefetch-control|strict-transport-security|vary)$/

/** Every difference, in words that stay the same from run to run. */
export function compareRequests(
  direct: Message | undefined,
  through: Message | undefined,
): string[] {
  if (direct === undefined || through === undefined)
    return direct === through ? [] : ['upstream: asked or not']
  const found = compareFields(direct, through, (name) => {
    // The nonce of a page's policy (docs/headers.md).
    return (
      ofTheGateway.test(name) || (name === 'content-security-policy' && !direct.fields.has(name))
    )
  })
  if (direct.start !== through.start) found.push('request line')
  return [...found, ...compareContents(direct, through)].map((what) => `upstream: ${what}`)
}

export function compareAnswers(direct: readonly Message[], through: readonly Message[]): string[] {
  const [wanted, got] = [direct.at(-1), through.at(-1)]
  const found: string[] = []
  const interim = (all: readonly Message[]): string =>
    JSON.stringify(all.slice(0, -1).map(({ start, fields }) => [start, [...fields]]))
  if (interim(direct) !== interim(through)) found.push('interim answers')
  if (wanted === undefined || got === undefined) {
    if (wanted !== got) found.push('answered or not')
    return found.map((what) => `client: ${what}`)
  }
  const status = (message: Message): string => message.start.slice(9, 12)
  if (status(wanted) !== status(got)) return [`client: status ${status(got)}`]
  if (wanted.start !== got.start) found.push('reason')
  found.push(
    ...compareFields(wanted, got, (name) => ofItsAnswers.test(name)),
    ...compareContents(wanted, got),
  )
  return found.map((what) => `client: ${what}`)
}

function compareFields(
  direct: Message,
  through: Message,
  own: (name: string) => boolean,
): string[] {
  const found: string[] = []
  for (const name of new Set([...direct.fields.keys(), ...through.fields.keys()])) {
    if (own(name) || name === 'transfer-encoding' || name === 'content-length') continue
    const [before, after] = [direct.fields.get(name), through.fields.get(name)]
    if (before === after) continue
    found.push(`${before === undefined ? 'added ' : after === undefined ? 'lost ' : ''}${name}`)
  }
  return found
}

function compareContents(direct: Message, through: Message): string[] {
  const found: string[] = []
  if (direct.framing !== through.framing) found.push(`framing ${through.framing}`)
  else if (direct.fields.get('content-length') !== through.fields.get('content-length'))
    found.push('content-length')
  if (direct.body !== through.body) found.push('body')
  if (direct.trailers !== through.trailers) found.push('trailers')
  if (direct.whole !== through.whole) found.push('its end')
  return found
}
