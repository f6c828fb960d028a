import { expect, it } from 'vitest'
import { validateIronPasswords } from '../../src/crypto/index.ts'
import { createIssues } from '../../src/options/index.ts'

const password = 'q8Tz3LmV7xWcR2bNp5KdJ9hYs4GfA6uE'
const sample = 'complex_password_at_least_32_characters_long'

it.each<[unknown, string | undefined]>([
  [password, undefined],
  ['a'.repeat(32), undefined],
  [new Uint8Array(32), undefined],
  [{ 1: password, 2: `${password}x` }, undefined],
  [{ '': password }, undefined],
  [{ default: password }, undefined],
  ['short', 'password must have at least 32 characters'],
  [sample, 'password is a sample password: anybody can forge a seal with it'],
  [new Uint8Array(31), 'password must have 32 bytes'],
  [new Uint8Array(33), 'password must have 32 bytes'],
  [undefined, 'password must be a string, a Uint8Array of 32 bytes, or an object of strings by id'],
  [null, 'password must be a string, a Uint8Array of 32 bytes, or an object of strings by id'],
  [
    [password],
    'password must be a string, a Uint8Array of 32 bytes, or an object of strings by id',
  ],
  [{}, 'password must contain at least one password'],
  [{ 'a-b': password }, 'password has an invalid id: only letters, digits and _ are allowed'],
  [
    { 1: 'short', 2: 7, 3: sample },
    'password.1 must have at least 32 characters; password.2 must be a string; password.3 is a sample password: anybody can forge a seal with it',
  ],
])('passwords %j: %s', (given, message) => {
  const found = createIssues()
  validateIronPasswords(given, found.at('password'))
  if (message === undefined) expect(found.any).toBe(false)
  else expect(() => found.throwIfAny()).toThrow(message)
})
