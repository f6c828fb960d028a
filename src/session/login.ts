/** What a login takes over from the session before it, and what no session can do. Pure. */
import { ConfigError } from '../errors.ts'
import { dataError, jsonCopy } from './data.ts'
import { isObject, type SessionRecord } from './record.ts'
import type { SessionSettings } from './settings.ts'

/** A copy of data that a caller gave, if it is data. @throws {PortcullisError} `ERR_SESSION_DATA` */
export function asObject<Data extends object>(data: Data): Data {
  const copy = jsonCopy(data, '')
  if (!isObject(copy)) throw dataError('must be an object')
  return copy
}

/** What one user left is not handed to another. Without the option `user`, two signed-in sessions are two users. */
export function mayKeep<Data>(
  settings: SessionSettings<Data>,
  old: SessionRecord<Data> | undefined,
  next: Data,
): boolean {
  if (old?.data === undefined) return false
  if (settings.user === undefined) return old.authenticated === undefined
  const before = settings.user(old.data)
  return before === undefined || before === settings.user(next)
}

/** Those members that are there. */
export function pick<Data extends object>(data: Data | undefined, keys: ReadonlyArray<keyof Data>): Partial<Data> {
  const picked: Partial<Data> = {}
  for (const key of keys) if (data !== undefined && Object.hasOwn(data, key)) picked[key] = data[key]
  return picked
}

/** The error for a verb that this kind of session cannot keep. */
export function unsupported(verb: string): ConfigError {
  return new ConfigError([
    { option: 'session', problem: `is stateless: nothing is stored that ${verb}() could look at` },
  ])
}
