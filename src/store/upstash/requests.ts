/**
 * Builds the script calls of `upstashStore`: for each verb the script, its keys and its arguments in their
 * order. `upstash.ts` sends them, alone or in a batch. It sends nothing itself; a record over `maxBytes`
 * throws `ERR_STORE_TOO_LARGE` here, before anything is sent.
 */
import type { Script } from '../../redis/script.ts'
import type { ReadAt, Ref, RotateOptions, Row } from '../contract.ts'
import type { EndMarkedOptions } from '../mark-types.ts'
import { type StoreBounds, validateSize } from '../size.ts'
import { endAllScript, membersScript, rowsScript, tidyScript } from './list-scripts.ts'
import { endMarkedScript } from './mark-scripts.ts'
import {
  createScript,
  endScript,
  readScript,
  replacedScript,
  replaceScript,
  rotateScript,
} from './scripts.ts'

/** One script call, ready to be sent, alone or among others. */
export interface ScriptCall {
  /** The script that Redis runs. */
  readonly script: Script
  /** All keys that the script reads or writes. */
  readonly keys: readonly string[]
  /** The arguments, in the order in which the script reads them. */
  readonly args: readonly string[]
}

/** The script calls of a store, by the verb that sends each. */
export type StoreRequests = ReturnType<typeof createVerbRequests> &
  ReturnType<typeof createListRequests>

/** Creates the script calls of a store whose keys begin with `prefix`. */
export function createStoreRequests(prefix: string, bounds: StoreBounds): StoreRequests {
  const names = createKeyNames(prefix)
  return { ...createVerbRequests(names, bounds), ...createListRequests(names) }
}

/** Creates the script calls that work on one session. */
function createVerbRequests(names: KeyNames, { maxPerUser, maxBytes }: StoreBounds) {
  /** Lists the arguments of a new row. `tidied` means that expired sessions have been removed from its list. */
  function createRowArguments({ key, now, idle, end, record }: Row, tidied: boolean): string[] {
    validateSize(record, maxBytes)
    return [key, `${now}`, `${idle}`, `${end}`, record, tidied ? '1' : '0', `${maxPerUser}`]
  }

  return {
    create: (row: Row, tidied: boolean): ScriptCall => {
      return { script: createScript, keys: names.write(row), args: createRowArguments(row, tidied) }
    },

    read(ref: Ref, { now, idle, slice }: ReadAt): ScriptCall {
      const args = [ref.key, `${now}`, `${idle}`, `${slice}`]
      return names.addMark(ref, { script: readScript, keys: names.ref(ref), args })
    },

    replace(row: Row, ifVersion: string): ScriptCall {
      const { key, now, idle, record } = row
      validateSize(record, maxBytes)
      const args = [key, `${now}`, `${idle}`, ifVersion, record]
      return names.addMark(row, { script: replaceScript, keys: names.write(row), args })
    },

    rotate(old: Ref, next: Row, options: RotateOptions, tidied: boolean): ScriptCall {
      const [, ...rowArguments] = createRowArguments(next, tidied)
      return createRotation(names, old, next, { ...options, rowArguments })
    },

    readReplaced: ({ key }: Ref): ScriptCall => {
      return { script: replacedScript, keys: [names.row(key)], args: [] }
    },

    end: (ref: Ref, grace: number, write: string = crypto.randomUUID()): ScriptCall => {
      const keys = names.write({ ...ref, write })
      return { script: endScript, keys, args: [ref.key, `${grace}`] }
    },

    endMarked(
      mark: string,
      { life, once, write = crypto.randomUUID() }: EndMarkedOptions,
    ): ScriptCall {
      const keys = [names.mark(mark), ...(once === undefined ? [] : [names.once(once.id)])]
      const args = [`${life}`, ...(once === undefined ? [] : [`${once.life}`, write])]
      return { script: endMarkedScript, keys, args }
    },
  }
}

/** Creates the script calls that work on the list of a user's sessions. */
function createListRequests(names: KeyNames) {
  return {
    members: (index: string): ScriptCall => {
      return { script: membersScript, keys: [names.index(index)], args: [] }
    },

    rows: (index: string, members: readonly string[]): ScriptCall => {
      const keys = [names.index(index), ...members.map(names.row)]
      return { script: rowsScript, keys, args: members }
    },

    tidy(index: string, { now, idle }: Row, members: readonly string[]): ScriptCall {
      const keys = [names.index(index), ...members.map(names.row)]
      return { script: tidyScript, keys, args: [`${now}`, `${idle}`, ...members] }
    },

    endAll: (
      index: string,
      keep: Ref | undefined,
      write: string = crypto.randomUUID(),
    ): ScriptCall => {
      const keys = [names.index(index), names.writeId({ key: index, write })]
      return { script: endAllScript, keys, args: keep === undefined ? [] : [keep.key] }
    },

    /** Returns the index that belongs to the key of a list. */
    parseIndex: (list: string): string => list.slice(names.index('').length),
  }
}

/** A write, and the key of the row or list that it changes. */
interface WriteName {
  readonly key: string
  readonly write: string
}

/** The names of the keys in Redis: rows, lists, write ids, marks and messages. */
interface KeyNames {
  row(key: string): string
  index(name: string): string
  /** The id of a write of a row or a list. */
  writeId(name: WriteName): string
  mark(name: string): string
  once(id: string): string
  /** The keys of a read: the row of a session, and its list if it has one. */
  ref(ref: Ref): string[]
  /** The keys of a write: the row, the id of the write, and the list if there is one. */
  write(row: Ref & WriteName): string[]
  /** Appends the key of the mark to the keys, and its position among them to the arguments. */
  addMark(ref: Ref, call: ScriptCall): ScriptCall
}

function createKeyNames(prefix: string): KeyNames {
  const row = (key: string): string => `${prefix}s:${key}`
  const index = (name: string): string => `${prefix}u:${name}`
  const mark = (name: string): string => `${prefix}o:${name}`
  const list = (ref: Ref): string[] => (ref.index === undefined ? [] : [index(ref.index)])
  const writeId = ({ key, write }: WriteName): string => `${prefix}w:${key}:${write}`

  return {
    row,
    index,
    mark,
    writeId,
    once: (id) => `${prefix}j:${id}`,
    ref: (ref) => [row(ref.key), ...list(ref)],
    write: (next) => [row(next.key), writeId(next), ...list(next)],

    addMark(ref, { script, keys, args }) {
      if (ref.mark === undefined) return { script, keys, args }
      return { script, keys: [...keys, mark(ref.mark)], args: [...args, `${keys.length + 1}`] }
    },
  }
}

interface RotationArguments extends RotateOptions {
  /** The arguments of the new row after its key. */
  readonly rowArguments: readonly string[]
}

function createRotation(
  names: KeyNames,
  old: Ref,
  next: Row,
  { grace, ifVersion, rowArguments }: RotationArguments,
): ScriptCall {
  const indexes = [...new Set([old.index, next.index])].filter((index) => index !== undefined)
  const position = (index: string | undefined): string =>
    index === undefined ? '0' : `${4 + indexes.indexOf(index)}`
  const positions = [position(old.index), position(next.index)]
  const args = [old.key, ...rowArguments, next.key, `${grace}`, ...positions]

  return {
    script: rotateScript,
    keys: [
      names.row(old.key),
      names.row(next.key),
      names.writeId(next),
      ...indexes.map(names.index),
    ],
    args: ifVersion === undefined ? args : [...args, ifVersion],
  }
}
