/** Upstash's REST wire: what a request asks, and replies of Redis as JSON. */
import { Refusal, type Reply, Status } from './resp.ts'

/** What one HTTP request asks for. */
export interface Asked {
  readonly kind: 'command' | 'pipeline' | 'multi-exec' | 'stream'
  readonly commands: ReadonlyArray<readonly string[]>
}

/** A request that cannot be served, as Upstash words it. */
export class BadRequest {
  readonly status: number
  readonly error: string
  constructor(status: number, error: string) {
    this.status = status
    this.error = error
  }
}

/** Reads path, query and body. */
export function readAsked(method: string, url: URL, body: string): Asked | BadRequest {
  const parts = decoded(url.pathname.split('/').filter(Boolean))
  if (!parts) return new BadRequest(400, 'ERR failed to parse command')

  const [head = ''] = parts
  if (!['POST', 'GET', 'PUT', 'HEAD'].includes(method))
    return new BadRequest(405, 'ERR method not allowed')
  if (parts.length === 0) {
    const command = strings(parsed(body))
    return command
      ? { kind: 'command', commands: [command] }
      : new BadRequest(400, 'ERR failed to parse command')
  }

  if (parts.length === 1 && (head === 'pipeline' || head === 'multi-exec')) {
    const list = parsed(body)
    const commands = Array.isArray(list) ? list.map(strings) : []

    if (commands.length === 0 || commands.includes(undefined)) {
      return new BadRequest(400, 'ERR failed to parse pipeline request')
    }

    return { kind: head, commands: commands as string[][] }
  }

  if (['subscribe', 'psubscribe', 'monitor'].includes(head))
    return { kind: 'stream', commands: [parts] }

  // Path style: the body is the last argument, what the query says comes behind it.
  const query = [...url.searchParams].filter(([name]) => name !== '_token')
  return {
    kind: 'command',
    commands: [[...parts, ...(body ? [body] : []), ...query.flat().filter(Boolean)]],
  }
}

/** `{ result }` or `{ error }`, the error text as Redis has it. */
export function itemOf(reply: Reply, base64: boolean): { result: unknown } | { error: string } {
  return reply instanceof Refusal ? { error: reply.text } : { result: jsonOf(reply, base64) }
}

/** One line of a subscription, as Upstash's event stream has it. */
export function eventOf(reply: Reply): string {
  const words = Array.isArray(reply)
    ? reply.map((part) => jsonOf(part, false))
    : [jsonOf(reply, false)]
  return `data: ${words.join(',')}\n\n`
}

/** Every string as base64 of its bytes where that is asked for, at any depth; of statuses all but OK; errors never. */
function jsonOf(reply: Reply, base64: boolean): unknown {
  if (reply === null || typeof reply === 'number') return reply
  if (Array.isArray(reply)) return reply.map((part) => jsonOf(part, base64))
  if (reply instanceof Refusal) return { error: reply.text }

  const bytes = reply instanceof Status ? Buffer.from(reply.text) : reply
  const plain = !base64 || (reply instanceof Status && reply.text === 'OK')

  return bytes.toString(plain ? 'utf8' : 'base64')
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

function decoded(parts: readonly string[]): string[] | undefined {
  try {
    return parts.map(decodeURIComponent)
  } catch {
    return undefined
  }
}

/** A command: at least one argument, each a string, number or boolean. */
function strings(command: unknown): string[] | undefined {
  if (!Array.isArray(command) || command.length === 0) return undefined
  return command.map((part) => (typeof part === 'string' ? part : JSON.stringify(part)))
}
