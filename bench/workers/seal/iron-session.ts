import { sealData, unsealData } from 'iron-session'
import { secret } from '../data.ts'
import { looped } from './loop.ts'

export default looped({
  seal: (data) => sealData(data, { password: secret }),
  open: (token) => unsealData(token, { password: secret }),
})
