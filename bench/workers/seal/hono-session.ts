/** What @hono/session does with its cookie: EncryptJWT and jwtDecrypt of jose, with the key it derives. */
import {
  createEncryptionKey,
  type EncryptionKey,
  jweDecrypt,
  jweEncrypt,
} from '@hono/session/cookies'
import { secret } from '../data.ts'
import { looped } from './loop.ts'

let key: EncryptionKey | undefined

async function theKey(): Promise<EncryptionKey> {
  key ??= await createEncryptionKey(secret)
  return key
}

console.error = () => {} // it prints every refused token

export default looped({
  seal: async (data) => (await jweEncrypt(data, await theKey())).jwe,
  async open(token) {
    const { iat: _, ...data } = (await jweDecrypt(token, await theKey())).payload as Record<
      string,
      unknown
    >
    return data
  },
})
