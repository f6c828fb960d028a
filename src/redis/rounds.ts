/**
 * Sends the calls of a batch until each has its reply: first by the digest of their scripts, then
 * in full where Redis lacks a script, then without the script's flag for a Redis that does not know
 * it. A batch calls it. It rejects where Redis cannot be reached or rejects the whole request, and
 * the batch then rejects all its calls. The error of a single call rejects only that call, with
 * `ERR_STORE_REFUSED` or `ERR_STORE_UNAVAILABLE`, and emits an event.
 */
import { emitEvent } from '../events.ts'
import type { Emit } from '../types.ts'
import type { Command, RedisConnection } from './connection.ts'
import type { Deadline } from './deadline.ts'
import type { ForeignScripts } from './facade.ts'
import { createRejectedError, createReplyError, type StoreError } from './failure.ts'
import type { Script } from './script.ts'
import type { Reply } from './transport/send.ts'

/** A call that has no reply yet. */
export interface Item {
  /** The script. Undefined for a digest of another library whose source is not known yet. */
  script: Script | undefined
  /** The digest that the other library sent. */
  readonly digest?: string
  /** Whether the source is sent instead of its digest. */
  inFull: boolean
  readonly keys: readonly string[]
  readonly args: readonly string[]
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
}

/** The receiver of a store's events. */
export interface StoreEvents {
  readonly emit: Emit
  /**
   * The environment of the calls. If it was created for one web request, events also reach the
   * listener of that request.
   */
  readonly context: object | undefined
}

/** The settings of a round. */
export interface RoundSettings {
  readonly foreign: ForeignScripts
  readonly events: StoreEvents
  /**
   * Waits until libraries have sent `count` scripts in full, whose digests Redis does not know, and
   * returns these calls.
   */
  waitForSources(count: number): Promise<Item[]>
}

/**
 * Sends calls and resolves when each is settled. It rejects when Redis cannot be reached; the
 * caller then rejects the calls that are left.
 */
export async function sendInRounds(
  items: Item[],
  connection: RedisConnection,
  deadline: Deadline,
  settings: RoundSettings,
): Promise<void> {
  let round: readonly Item[] = items

  while (round.length > 0) {
    const commands: Command[] = []
    for (const item of round) {
      const command = buildCommand(item, connection.traits.plain, settings.foreign)
      commands.push('verb' in command ? command : await command)
    }

    const replies = await connection.send(commands, deadline)
    const { retries, unknownDigests } = settleRound(
      round.map((item, index) => ({ item, command: commands[index], reply: replies[index] })),
      connection,
      settings.events,
    )

    if (unknownDigests > 0) {
      const fullCalls = await settings.waitForSources(unknownDigests)
      items.push(...fullCalls)
      retries.push(...fullCalls)
    }
    round = retries
  }
}

/** One call, the command that was sent for it, and the reply. */
interface SentCall {
  readonly item: Item
  readonly command: Command | undefined
  readonly reply: Reply | undefined
}

/**
 * Settles the calls of a round that need no further round, and counts the digests that Redis does
 * not know.
 */
function settleRound(
  sentCalls: readonly SentCall[],
  connection: RedisConnection,
  events: StoreEvents,
): { readonly retries: Item[]; readonly unknownDigests: number } {
  const retries: Item[] = []
  let unknownDigests = 0

  for (const { item, command, reply: { error, result } = {} } of sentCalls) {
    if (typeof error !== 'string') {
      item.resolve(result)
    } else if (prepareRetry({ item, command, error }, connection, events)) {
      retries.push(item)
    } else {
      if (!item.script && isMissingScript(error)) unknownDigests++
      rejectItem(item, error, events)
    }
  }

  return { retries, unknownDigests }
}

/** Emits the event of a failure, of all calls or of the call of one script. */
export function emitStoreError(
  { emit, context }: StoreEvents,
  { code, reason }: StoreError,
  script?: string,
): void {
  const type = code === 'ERR_STORE_REFUSED' ? 'store-refused' : 'store-unavailable'
  emitEvent(emit, { type, reason, ...(script !== undefined && { subject: script }) }, context)
}

function buildCommand(
  item: Item,
  plain: boolean,
  foreign: ForeignScripts,
): Command | Promise<Command> {
  const { keys, args, inFull } = item
  if (item.digest !== undefined) item.script ??= foreign.get(item.digest)

  const { script, digest = '' } = item
  if (!script) return { verb: 'evalsha', script: digest, keys, args }
  if (inFull) return { verb: 'eval', script: script.text(plain), keys, args }

  const digestText = script.digest(plain)
  if (typeof digestText === 'string') return { verb: 'evalsha', script: digestText, keys, args }
  return digestText.then((text) => ({ verb: 'evalsha', script: text, keys, args }))
}

/** Prepares a call to be sent again, and returns whether it must be. */
function prepareRetry(
  {
    item,
    command,
    error,
  }: { readonly item: Item; readonly command: Command | undefined; readonly error: string },
  connection: RedisConnection,
  { emit, context }: StoreEvents,
): boolean {
  if (!item.script) return false
  if (!item.inFull) {
    item.inFull = isMissingScript(error)
    return item.inFull
  }

  if (!isUnknownFlag(error) || command?.script === item.script.text(true)) return false

  if (!connection.traits.plain) emitEvent(emit, { type: 'store-script-flag-refused' }, context)
  connection.traits.plain = true

  return true
}

function rejectItem(item: Item, error: string, events: StoreEvents): void {
  const name = item.script?.name ?? 'foreign'
  // A library that sent a digest expects this error and then sends the source, so there is no event.
  const isExpected = !item.script && isMissingScript(error)
  const failure = isExpected ? createRejectedError('NOSCRIPT') : createReplyError(error, name)
  if (!isExpected) emitStoreError(events, failure, name)
  item.reject(failure)
}

function isMissingScript(error: string): boolean {
  return error.includes('NOSCRIPT')
}

/**
 * Reports whether an error is that of an unknown flag: Redis 7 names the line, and older versions
 * fail to compile the `#` at its start.
 */
function isUnknownFlag(error: string): boolean {
  if (error.startsWith('ERR Error compiling script')) return error.includes("near '#'")
  // Only the beginning is compared, because the text of another error may contain anything.
  return error.startsWith('ERR Unexpected flag in script shebang')
}
