/** The importers that docs/migrating.md gives away: its own blocks, run against cookies as those libraries make them. */
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Iron from '@hapi/iron'
import { build } from 'esbuild'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  type LegacyCookie,
  openSession,
  type SessionContext,
  storedSessions,
} from '../../../src/session/index.ts'
import { memoryStore } from '../../../src/store/index.ts'
import { snippetsOf } from '../../../tools/check/rules/readme.ts'

interface Data {
  user: string
}
type Old = (id: string) => Promise<Data | undefined>
type Importer = (secret: string, old: Old) => LegacyCookie<Data>

const root = join(import.meta.dirname, '../../..')
const secret = 'old-secret-w8Zp3Kq6Lm1Xn5Tv9Rb2Gh4'
const old: Old = async (id) => (id === 'the-id-of-ada_1' ? { user: 'ada' } : undefined)
const importers = new Map<string, Importer>()

beforeAll(async () => {
  for (const { text } of snippetsOf(readFileSync(join(root, 'docs/migrating.md'), 'utf8'))) {
    const name = /^export function (\w+)/m.exec(text)?.[1]
    if (name === undefined) continue
    const { outputFiles } = await build({
      stdin: { contents: text, loader: 'ts', resolveDir: root },
      alias: { 'portcullis/crypto': join(root, 'src/crypto/index.ts') },
      bundle: true,
      write: false,
      format: 'esm',
    })
    const module = await import(
      `data:text/javascript;base64,${Buffer.from(outputFiles[0]?.text ?? '').toString('base64')}`
    )
    importers.set(name, module[name])
  }
})

function importer(name: string): Importer {
  const found = importers.get(name)
  if (found === undefined) throw new Error(`docs/migrating.md has no ${name}`)
  return found
}

/** What becomes of a request with this cookie. */
async function arrive(
  legacy: LegacyCookie<Data>,
  cookie: string,
): Promise<[data: unknown, cookies: string[]]> {
  const sessions = storedSessions<Data>({
    secret: 'new-secret-c4Hj7Gd2Sf9Ya6Wk1QxPe8',
    store: memoryStore(),
    user: ({ user }) => user,
    legacy: [legacy],
  })
  const context = {
    request: new Request('https://a.test/', { headers: { cookie } }),
    headers: new Headers(),
  }
  const data = await openSession(sessions, context satisfies SessionContext).get()
  await sessions.open(context).commit()
  return [data, context.headers.getSetCookie()]
}

describe('keystoneStored', () => {
  const seal = (id: unknown) => Iron.seal(id, secret, { ...Iron.defaults, ttl: 60_000 })

  it('keeps logged in whose row the old store has', async () => {
    const cookie = `keystonejs-session=${await seal('the-id-of-ada_1')}`
    const [data, cookies] = await arrive(importer('keystoneStored')(secret, old), cookie)
    expect(data).toEqual({ user: 'ada' })
    expect(cookies).toEqual([
      expect.stringMatching(/^__Host-session=[\w.-]+;/),
      'keystonejs-session=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax',
    ])
  })

  it.each([
    ['of an id it does not have', 'another-id'],
    ['that holds data, as statelessSessions seal it', { user: 'ada' }],
  ])('takes no seal %s', async (_what, sealed) => {
    const [data] = await arrive(
      importer('keystoneStored')(secret, old),
      `keystonejs-session=${await seal(sealed)}`,
    )
    expect(data).toBe(undefined)
  })
})

describe('expressSession', () => {
  /** As cookie-signature signs and `cookie` encodes. */
  function signed(id: string, by = secret): string {
    const mac = createHmac('sha256', by).update(id).digest('base64').replace(/=+$/, '')
    return `connect.sid=${encodeURIComponent(`s:${id}.${mac}`)}`
  }

  it('keeps logged in whose row the old store has', async () => {
    const [data, cookies] = await arrive(
      importer('expressSession')(secret, old),
      signed('the-id-of-ada_1'),
    )
    expect(data).toEqual({ user: 'ada' })
    expect(cookies).toEqual([
      expect.stringMatching(/^__Host-session=[\w.-]+;/),
      'connect.sid=; Max-Age=0; Path=/; HttpOnly',
    ])
  })

  it('opens signatures with every character', async () => {
    const legacy = importer('expressSession')(secret, async (id) => ({ user: id }))
    for (let i = 0; i < 60; i++) {
      const value = signed(`id-${i}`).slice('connect.sid='.length)
      expect(await legacy.open(value, undefined, 0)).toMatchObject({ data: { user: `id-${i}` } })
    }
  })

  it.each([
    ['signed by somebody else', signed('the-id-of-ada_1', 'another secret')],
    ['of an id the store does not have', signed('another-id')],
    ['without a signature', 'connect.sid=s%3Athe-id-of-ada_1'],
    ['unsigned', 'connect.sid=the-id-of-ada_1'],
    ['that decodes to nothing', 'connect.sid=%E0%A4%A'],
  ])('takes no cookie %s', async (_what, cookie) => {
    const [data] = await arrive(importer('expressSession')(secret, old), cookie)
    expect(data).toBe(undefined)
  })
})
