/**
 * Sends calls until each has its reply: by digest, then in full where Redis lacks a script, then
 * without the flag. `batch.ts` calls it. It rejects where Redis could not be reached; the error of
 * a single call rejects that call only.
 */
import { emitEvent } from '../events.ts'
import type { Emit } from '../types.ts'
import type { Command, RedisConnection } from './connection.ts'
import type { Deadline } from './deadline.ts'
import type { ForeignScripts } from './facade.ts'
import { createRejectedError, createReplyError, type StoreError } from './failure.ts'
import type { Script } from './script.ts'
import type { Reply } from './transport/send.ts'

/** One call on its way. */
export interface Item {
  /** Undefined for a digest of another library whose source was not seen yet. */
  script: Script | undefined
  /** That library's digest. */
  readonly digest?: string
  /** Whether the source goes along instead of its digest. */
  inFull: boolean
  readonly keys: readonly string[]
  readonly args: readonly string[]
  readonly resolve: (result: unknown) => void
  readonly reject: (error: unknown) => void
}

/** Where events of a store go. */
export interface StoreEvents {
  readonly emit: Emit
  /** The environment of the calls. One that was made for a single request leads to the listener of that request. */
  readonly context: object | undefined
}

/** The settings of a round. */
export interface RoundSettings {
  readonly foreign: ForeignScripts
  readonly events: StoreEvents
  /** Waits until libraries have sent in full the scripts, `count` of them, whose digests Redis does not know. */
  taught(count: number): Promise<Item[]>
}

/** Resolves when each call is settled. Rejects when Redis cannot be reached; the caller then rejects the other calls. */
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
    const { retried, unknownDigests } = settleRound(
      round.map((item, index) => ({ item, sent: commands[index], reply: replies[index] })),
      connection,
      settings.events,
    )

    if (unknownDigests > 0) {
      const taught = await settings.taught(unknownDigests)
      items.push(...taught)
      retried.push(...taught)
    }
    round = retried
  }
}

/** One call, the command that was sent for it, and the reply. */
interface SentCall {
  readonly item: Item
  readonly sent: Command | undefined
  readonly reply: Reply | undefined
}

/** Settles the calls of a round that need no other one, and counts the digests that Redis does not know. */
function settleRound(
  sentCalls: readonly SentCall[],
  connection: RedisConnection,
  events: StoreEvents,
): { readonly retried: Item[]; readonly unknownDigests: number } {
  const retried: Item[] = []
  let unknownDigests = 0

  for (const { item, sent, reply: { error, result } = {} } of sentCalls) {
    if (typeof error !== 'string') {
      item.resolve(result)
    } else if (prepareRetry({ item, sent, error }, connection, events)) {
      retried.push(item)
    } else {
      if (!item.script && isMissingScript(error)) unknownDigests++
      rejectItem(item, error, events)
    }
  }

  return { retried, unknownDigests }
}

/** Emits the event of a failure: of all calls, or of the call of one script. */
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
  const known = script.digest(plain)
  if (typeof known === 'string') return { verb: 'evalsha', script: known, keys, args }
  return known.then((found) => ({ verb: 'evalsha', script: found, keys, args }))
}

/** Prepares a call to be sent again, and returns whether it is. */
function prepareRetry(
  {
    item,
    sent,
    error,
  }: { readonly item: Item; readonly sent: Command | undefined; readonly error: string },
  connection: RedisConnection,
  { emit, context }: StoreEvents,
): boolean {
  if (!item.script) return false
  if (!item.inFull) {
    item.inFull = isMissingScript(error)
    return item.inFull
  }
  if (!isUnknownFlag(error) || sent?.script === item.script.text(true)) return false
  if (!connection.traits.plain) emitEvent(emit, { type: 'store-script-flag-refused' }, context)
  connection.traits.plain = true
  return true
}

function rejectItem(item: Item, error: string, events: StoreEvents): void {
  const name = item.script?.name ?? 'foreign'
  // A library that sent a digest expects this error and then sends the source, so there is no event.
  const expected = !item.script && isMissingScript(error)
  const failure = expected ? createRejectedError('NOSCRIPT') : createReplyError(error, name)
  if (!expected) emitStoreError(events, failure, name)
  item.reject(failure)
}

function isMissingScript(error: string): boolean {
  return error.includes('NOSCRIPT')
}

/** Checks for the error of a flag: Redis 7 names the line, older versions fail to compile the `#` at its start. */
function isUnknownFlag(error: string): boolean {
  if (error.startsWith('ERR Error compiling script')) return error.includes("near '#'")
  // Only the beginning counts, since the text of another error may hold anything.
  return error.startsWith('ERR Unexpected flag in script shebang')
}
