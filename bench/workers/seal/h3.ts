/** h3 with its defaults: PBKDF2 of 8,192 rounds, twice for each seal and each unseal. */
import { H3Event, sealSession, unsealSession } from 'h3'
import { secret } from '../data.ts'
import { looped } from './loop.ts'

const config = { password: secret, name: 'h3' }

export default looped({
  seal(data) {
    const event = new H3Event(new Request('https://bench.test/'))
    Object.assign(event.context, { sessions: { h3: { id: 'bench', createdAt: 1, data } } })
    return sealSession(event, config)
  },
  open: async (token) =>
    (await unsealSession(new H3Event(new Request('https://bench.test/')), config, token)).data,
})
