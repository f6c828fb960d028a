/** Passwords of legacy seals. */
import type { Faults } from '../options/index.ts'
import { isSample } from './secret.ts'

/** A password, a 32-byte key, or passwords by id; `''` and `default` stand for seals without an id. */
export type IronPasswords = string | Uint8Array | Readonly<Record<string, string>>

const shortest = 32
const keyBytes = 32

/**
 * Judges passwords of legacy seals while building. They are what they are, so only two things are refused: what the
 * libraries themselves refuse, and sample values, with which anybody can forge a seal to be imported.
 */
export function judgeIronPasswords(given: unknown, faults: Faults): void {
  if (typeof given === 'string') judge(given, '', faults)
  else if (given instanceof Uint8Array) {
    if (given.length !== keyBytes) faults.add('', `must have ${keyBytes} bytes`)
  } else if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    faults.add('', 'must be a string, a key of 32 bytes, or strings by id')
  } else judgeById(given, faults)
}

function judgeById(given: object, faults: Faults): void {
  const entries = Object.entries(given)
  if (entries.length === 0) faults.add('', 'must hold at least one password')
  for (const [id, password] of entries) {
    if (/^\w{0,64}$/.test(id)) judge(password, id, faults)
    else faults.add('', 'has an id that no seal can carry: letters, digits and _ only')
  }
}

function judge(password: unknown, id: string, faults: Faults): void {
  if (typeof password !== 'string') faults.add(id, 'must be a string')
  else if (password.length < shortest) faults.add(id, `must have at least ${shortest} characters`)
  else if (password.split(/\s+/).filter((part) => part.length >= shortest).length > 1) {
    faults.add(id, 'holds several passwords apart by white space: give them by id, or an ironCookie for each')
  } else if (isSample(password)) faults.add(id, 'is a sample password: anybody can forge a seal with it')
}

/** The password for seals of an id; undefined where there is none that could have made one. */
export function passwordOf(passwords: IronPasswords, id: string): string | Uint8Array | undefined {
  if (passwords instanceof Uint8Array) return passwords.length === keyBytes ? passwords : undefined
  const password = typeof passwords === 'string' ? passwords : byId(passwords, id)
  return typeof password === 'string' && password.length >= shortest ? password : undefined
}

function byId(passwords: Readonly<Record<string, string>>, id: string): string | undefined {
  const name = id === '' && !Object.hasOwn(passwords, '') ? 'default' : id
  return Object.hasOwn(passwords, name) ? passwords[name] : undefined
}
