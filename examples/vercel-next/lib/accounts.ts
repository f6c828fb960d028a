/** Two demo accounts. Ask your database here, and let it keep slow hashes of passwords, not passwords. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Data } from './sessions.ts'

const accounts = new Map<string, { name: string; password: string }>([
  ['alice', { name: 'Alice', password: 'wonderland' }],
  ['bob', { name: 'Bob', password: 'builder' }],
])

/** What the session starts with, or undefined where name and password do not belong together. */
export function findAccount(user: unknown, password: unknown): Data | undefined {
  if (typeof user !== 'string' || typeof password !== 'string') return undefined
  const found = accounts.get(user)
  const same = timingSafeEqual(digest(password), digest(found?.password ?? ''))
  return found && same ? { user, name: found.name } : undefined
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
