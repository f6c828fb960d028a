/** Two demo accounts. A real origin asks its database here. */
import { randomBytes, scrypt, scryptSync, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

/** What the session of a signed-in user starts with. */
export interface Account {
  readonly user: string
  readonly name: string
  readonly roles: readonly string[]
}

const salt = randomBytes(16)
const accounts = new Map([
  [
    'alice',
    { user: 'alice', name: 'Alice', roles: ['admin'], hash: scryptSync('wonderland', salt, 32) },
  ],
  ['bob', { user: 'bob', name: 'Bob', roles: [], hash: scryptSync('builder', salt, 32) }],
])

/** The account whose password this is, or undefined; an unknown name takes as long as a wrong password. */
export async function verify(user: string, password: string): Promise<Account | undefined> {
  const found = accounts.get(user)
  const hash = (await promisify(scrypt)(password, salt, 32)) as Buffer
  if (!timingSafeEqual(hash, found?.hash ?? randomBytes(32)) || !found) return undefined
  return { user: found.user, name: found.name, roles: found.roles }
}
