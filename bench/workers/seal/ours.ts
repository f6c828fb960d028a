import { keyRing } from '../../../src/crypto/key-ring.ts'
import { sealer } from '../../../src/crypto/seal.ts'
import { createIssues } from '../../../src/options/issues.ts'
import { secret } from '../data.ts'
import { looped } from './loop.ts'

const options = {
  purpose: 'session',
  name: '__Host-session',
  lifetime: 28_800,
  clock: Date.now,
} as const
const box = sealer(keyRing(secret, createIssues('bench')), options)

export default looped({
  seal: (data) => box.seal(JSON.stringify(data)),
  async open(token) {
    const opened = await box.open(token)
    if (typeof opened !== 'string') throw new Error(opened.refused)
    return JSON.parse(opened)
  },
})
