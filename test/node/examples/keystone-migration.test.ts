/** The example's own words: its program is run as its README says, and the app behind it asked a little more. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Iron from '@hapi/iron'
import { describe, expect, it } from 'vitest'
import { createApp } from '../../../examples/keystone-migration/app.ts'
import { type Browser, browserOf } from '../../../examples/keystone-migration/browser.ts'
import { keystoneLogin } from '../../../examples/keystone-migration/keystone.ts'

const root = join(import.meta.dirname, '../../..')
const secrets = {
  keystoneSecret: 'x7Lm2Qw9Zt4Kp6Rv1Bn8Ys3Hd5Gf0JcA',
  sessionSecret: 'Pq4Wn8Xz2Tc6Lk0Vb5Mj9Rs3Hy7Gd1Fa',
}

async function visitor(data: object, secret = secrets.keystoneSecret): Promise<Browser> {
  const browser = browserOf(createApp(secrets))
  browser.take(await keystoneLogin(data, secret))
  return browser
}

describe('examples/keystone-migration', () => {
  it('prints what its README says', () => {
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ['examples/keystone-migration/main.ts'],
      {
        cwd: root,
        encoding: 'utf8',
      },
    )
    expect(stderr).toBe('')
    const readme = readFileSync(join(root, 'examples/keystone-migration/README.md'), 'utf8')
    expect(stdout).toBe(/```text\n([^`]*)```/.exec(readme)?.[1])
  })

  it('keeps a user logged in and takes the old cookie away', async () => {
    const browser = await visitor({ listKey: 'User', itemId: 'ada' })
    expect([...browser.cookies.keys()]).toEqual(['keystonejs-session'])
    expect(await browser.ask('GET', '/me')).toEqual({
      status: 200,
      text: '{"itemId":"ada","listKey":"User"}',
    })
    expect([...browser.cookies.keys()]).toEqual(['__Host-session'])
    expect((await browser.ask('GET', '/me')).status).toBe(200)
  })

  // A copy of the old cookie, from a backup of the browser say, must not undo the logout.
  it('stays logged out, also with a copy of the old cookie', async () => {
    const browser = await visitor({ itemId: 'ada' })
    const copy = browser.cookies.get('keystonejs-session') ?? ''
    await browser.ask('GET', '/me')
    await browser.ask('POST', '/logout')
    expect([...browser.cookies.keys()]).toEqual([])
    browser.cookies.set('keystonejs-session', copy)
    expect((await browser.ask('GET', '/me')).status).toBe(401)
  })

  it('logs out whoever comes with the old cookie alone, and for good', async () => {
    const browser = await visitor({ itemId: 'ada' })
    const copy = browser.cookies.get('keystonejs-session') ?? ''
    expect((await browser.ask('POST', '/logout')).status).toBe(204)
    expect([...browser.cookies.keys()]).toEqual([])
    browser.cookies.set('keystonejs-session', copy)
    expect((await browser.ask('GET', '/me')).status).toBe(401)
  })

  it.each([
    ['under another secret', { itemId: 'ada' }, 'y7Lm2Qw9Zt4Kp6Rv1Bn8Ys3Hd5Gf0JcA'],
    ['without an item', { listKey: 'User' }, undefined],
    ['with an item that is no text', { itemId: 7 }, undefined],
  ])('takes nobody for logged in by a seal %s', async (_what, data, secret) => {
    const browser = await visitor(data, secret)
    expect((await browser.ask('GET', '/me')).status).toBe(401)
  })

  it('takes nobody for logged in by a seal that is over', async () => {
    const browser = browserOf(createApp(secrets))
    const sealed = await Iron.seal({ itemId: 'ada' }, secrets.keystoneSecret, {
      ...Iron.defaults,
      ttl: 1000,
      localtimeOffsetMsec: -120_000,
    })
    browser.cookies.set('keystonejs-session', sealed)
    expect((await browser.ask('GET', '/me')).status).toBe(401)
  })
})
