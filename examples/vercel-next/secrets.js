/** `npm run secrets`: writes `.env.local` with fresh secrets, and never changes one that is there. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })
const text = `PUBLIC_ORIGIN=http://localhost:3000
SESSION_SECRET=${randomBytes(32).toString('base64url')}
ASSERTION_KEY='${JSON.stringify(key)}'
`
writeFileSync('.env.local', text, { flag: 'wx', mode: 0o600 })
console.log('.env.local holds new secrets')
