/** What its CookieStore does with a session. */
import { decrypt, encrypt } from 'hono-sessions'
import { secret } from '../data.ts'
import { looped } from './loop.ts'

export default looped({
  seal: (data) => encrypt(secret, JSON.stringify(data)),
  open: async (token) => JSON.parse((await decrypt(secret, token)) as string),
})
