/**
 * Validates the passwords of legacy `Fe26.2` seals, and finds the password for one seal.
 * `ironCookie()` of `session/legacy` validates them while it is built; `iron.ts` finds one for each
 * cookie that it opens.
 *
 * A password that is too short, of the wrong type or a sample value is reported as an issue, without
 * its value. An id that has no password, or one of invalid length, gives undefined.
 */
import { isObject } from '../options/is-object.ts'
import type { Issues } from '../options/issues.ts'
import { isSample } from './secret.ts'

/** A password, a 32-byte key, or passwords by id; `''` and `default` stand for seals without an id. */
export type IronPasswords = string | Uint8Array | Readonly<Record<string, string>>

const minPasswordLength = 32
const keyBytes = 32

/**
 * Validates passwords of legacy seals. Old passwords cannot be chosen any more, so only two kinds are issues: passwords
 * that the libraries themselves reject, and sample values, with which anybody can forge a seal to be imported.
 *
 * @example
 * ```ts
 * validateIronPasswords(password, issues.at('password'))
 * ```
 */
export function validateIronPasswords(value: unknown, issues: Issues): void {
  if (typeof value === 'string') validatePassword(value, '', issues)
  else if (value instanceof Uint8Array) {
    if (value.length !== keyBytes) issues.add('', `must have ${keyBytes} bytes`)
  } else if (isObject(value)) validatePasswordsById(value, issues)
  else issues.add('', 'must be a string, a Uint8Array of 32 bytes, or an object of strings by id')
}

function validatePasswordsById(value: object, issues: Issues): void {
  const entries = Object.entries(value)
  if (entries.length === 0) issues.add('', 'must contain at least one password')
  for (const [passwordId, password] of entries) {
    if (/^\w{0,64}$/.test(passwordId)) validatePassword(password, passwordId, issues)
    else issues.add('', 'has an invalid id: only letters, digits and _ are allowed')
  }
}

function validatePassword(password: unknown, passwordId: string, issues: Issues): void {
  if (typeof password !== 'string') issues.add(passwordId, 'must be a string')
  else if (password.length < minPasswordLength)
    issues.add(passwordId, `must have at least ${minPasswordLength} characters`)
  else if (password.split(/\s+/).filter((part) => part.length >= minPasswordLength).length > 1) {
    issues.add(
      passwordId,
      'contains several passwords separated by white space: pass them by id, or one ironCookie each',
    )
  } else if (isSample(password))
    issues.add(passwordId, 'is a sample password: anybody can forge a seal with it')
}

/** Finds the password for seals of an id. Returns undefined if there is none of valid length. */
export function findPassword(
  passwords: IronPasswords,
  passwordId: string,
): string | Uint8Array | undefined {
  if (passwords instanceof Uint8Array) return passwords.length === keyBytes ? passwords : undefined

  const password = typeof passwords === 'string' ? passwords : findById(passwords, passwordId)
  return typeof password === 'string' && password.length >= minPasswordLength ? password : undefined
}

function findById(
  passwords: Readonly<Record<string, string>>,
  passwordId: string,
): string | undefined {
  const name = passwordId === '' && !Object.hasOwn(passwords, '') ? 'default' : passwordId
  return Object.hasOwn(passwords, name) ? passwords[name] : undefined
}
