import { defaults, seal, unseal } from 'iron-webcrypto'
import { secret } from '../data.ts'
import { looped } from './loop.ts'

export default looped({
  seal: (data) => seal(data, secret, defaults),
  open: (token) => unseal(token, secret, defaults),
})
