import { describe, expect, it } from 'vitest'
import { bench } from './support.ts'

const spellings = [
  '/adm%C4%B0n',
  '/adm%C4%B1n',
  '/ADMIN',
  '/%EF%BD%81dmin',
  '/ad%C2%ADmin',
  '/adm%E2%84%B9n',
]

// curl https://app.example.com/adm%C4%B0n, at a server that compares without case (Python's re.I, Java).
describe('G2: a guarded page in a spelling that some server takes for it', () => {
  it.each(spellings)('%s needs what /admin needs', async (path) => {
    const at = await bench({
      routes: [
        { path: '/admin', to: 'app', access: 'session' },
        { path: '/*', to: 'app', access: 'public' },
      ],
    })
    const answer = await at.ask(path)
    expect([answer.status, at.seen.length]).toEqual([401, 0])
    expect((await at.ask('/administration')).status).toBe(200)
  })
})
