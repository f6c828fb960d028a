import { describe, expect, it } from 'vitest'
import { decodeBase64url, encodeBase64url } from '../../src/crypto/index.ts'
import { createOrigin, OriginSession } from '../../src/origin/index.ts'

/** A request that came through the gateway, and the headers of its response. */
function createExchange(requestHeaders: Record<string, string> = {}) {
  const headers: Record<string, string> = {
    'portcullis-session-nonce': 'n'.repeat(22),
    ...requestHeaders,
  }
  const sent: Record<string, string> = {}
  let isSent = false
  const session = new OriginSession(undefined, {
    read: (name) => headers[name],
    write: (name, value) => {
      sent[name] = value
    },
    isSent: () => isSent,
  })
  return {
    session,
    headers: sent,
    command(): unknown {
      const [nonce, payload = ''] = (sent['Portcullis-Session'] ?? '').split('.')
      expect(nonce).toBe('n'.repeat(22))
      return JSON.parse(new TextDecoder().decode(decodeBase64url(payload)))
    },
    sendHead: () => {
      isSent = true
    },
  }
}

const base64url = (value: unknown) =>
  encodeBase64url(new TextEncoder().encode(JSON.stringify(value)))

describe('the session of a server behind the gateway', () => {
  it('sends all changes of one response as one header', () => {
    const { session, command } = createExchange()
    session.set({ theme: 'dark', size: 1 })
    session.unset('old', 'theme')
    session.set({ size: 2 })
    session.increment('visits')
    session.increment('visits', 2)
    session.flash('notice', 'Saved')
    session.onlyIfVersion('v1')
    expect(command()).toEqual({
      set: { size: 2 },
      unset: ['old', 'theme'],
      incr: { visits: 3 },
      flash: { notice: 'Saved' },
      ifVersion: 'v1',
    })
  })

  it('sets again what was removed before', () => {
    const { session, command } = createExchange()
    session.unset('theme')
    session.set({ theme: 'dark' })
    expect(command()).toEqual({ set: { theme: 'dark' } })
  })

  it('makes changes after start part of the new session', () => {
    const { session, command } = createExchange()
    session.start({ user: 'ada', step: 1 }, { keep: ['cart'] })
    session.set({ step: 2, theme: 'dark' })
    session.unset('theme')
    session.flash('notice', 'Welcome')
    expect(command()).toEqual({
      start: { data: { user: 'ada', step: 2 }, keep: ['cart'] },
      flash: { notice: 'Welcome' },
    })
  })

  it.each([
    { call: (session: OriginSession) => session.end(), command: { end: true } },
    {
      call: (session: OriginSession) => session.endOther('id-1'),
      command: { end: { id: 'id-1' } },
    },
    { call: (session: OriginSession) => session.endAll(), command: { endAll: true } },
    {
      call: (session: OriginSession) => session.endAll({ exceptCurrent: true }),
      command: { endAll: { exceptCurrent: true } },
    },
    {
      call: (session: OriginSession) => session.endUser('bob'),
      command: { endAll: { user: 'bob' } },
    },
  ])('writes $command', ({ call, command }) => {
    const exchange = createExchange()
    call(exchange.session)
    expect(exchange.command()).toEqual(command)
  })

  it.each([
    {
      problem: 'start after a change, which would be lost',
      call(session: OriginSession) {
        session.set({ theme: 'dark' })
        session.start({ user: 'ada' })
      },
      code: 'ERR_SESSION_DATA',
    },
    {
      problem: 'two of start, end and endAll',
      call(session: OriginSession) {
        session.end()
        session.endAll()
      },
      code: 'ERR_SESSION_DATA',
    },
    {
      problem: 'a change after end',
      call(session: OriginSession) {
        session.end()
        session.set({ theme: 'dark' })
      },
      code: 'ERR_SESSION_ENDED',
    },
    {
      problem: 'data that JSON cannot carry',
      call: (session: OriginSession) => session.set({ big: 1n }),
      code: 'ERR_SESSION_DATA',
    },
    {
      problem: 'more than 2,048 characters',
      call: (session: OriginSession) => session.set({ text: 'x'.repeat(2000) }),
      code: 'ERR_SESSION_DATA',
    },
  ])('refuses $problem', ({ call, code }) => {
    const { session } = createExchange()
    expect(() => call(session)).toThrow(expect.objectContaining({ code }))
  })

  it('keeps the last good header where a change is refused', () => {
    const { session, command } = createExchange()
    session.set({ theme: 'dark' })
    expect(() => session.start({ user: 'ada' })).toThrow()
    expect(command()).toEqual({ set: { theme: 'dark' } })
  })

  it('says what is missing where no gateway asked, and after the head was sent', () => {
    const direct = createExchange({ 'portcullis-session-nonce': undefined as never })
    expect(direct.session.writable).toBe(false)
    expect(() => direct.session.set({})).toThrow(
      expect.objectContaining({
        code: 'ERR_SESSION_CLOSED',
        message: expect.stringContaining('`sessions: true`'),
      }),
    )
    const late = createExchange()
    late.sendHead()
    expect(() => late.session.end()).toThrow(
      expect.objectContaining({ code: 'ERR_SESSION_CLOSED' }),
    )
    expect(late.headers).toEqual({})
  })

  it('reads messages and the list, and takes neither for granted', () => {
    const list = [{ id: 'a', createdAt: 1, seenAt: 2, expiresAt: 3, current: true }]
    const { session } = createExchange({
      'portcullis-flash': base64url({ notice: 'Grüße' }),
      'portcullis-sessions': base64url(list),
    })
    expect(session.messages()).toEqual({ notice: 'Grüße' })
    expect(session.list()).toEqual(list)
    const broken = createExchange({ 'portcullis-flash': '%%%', 'portcullis-sessions': 'e30' })
    expect(broken.session.messages()).toEqual({})
    expect(broken.session.list()).toBe(undefined)
    expect(createExchange().session.list()).toBe(undefined)
  })
})

describe('createOrigin', () => {
  it('names every option that is wrong, and no value', () => {
    const options = {
      gateway: 'https://user:secret@app.example.com/path',
      audience: '',
      keys: 'secret',
      jwks: 'ftp://x',
      cooldown: -1,
      audiense: 'app',
    }
    expect(() => createOrigin(options as never)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG',
        message: expect.stringMatching(
          /audiense is not an option; did you mean audience[\s\S]*gateway[\s\S]*audience[\s\S]*jwks[\s\S]*keys[\s\S]*cooldown/,
        ),
      }),
    )
    expect(() => createOrigin(options as never)).not.toThrow(/secret/)
  })

  it('opens a request without an assertion as that of a visitor, and refuses a forged one', async () => {
    const origin = createOrigin({
      gateway: 'https://app.example.com',
      audience: 'app',
      keys: '{"keys":[]}',
    })
    const open = (assertion?: string) =>
      origin.open({
        read: (name) => (name === 'portcullis-assertion' ? assertion : undefined),
        write: () => {},
      })
    const visitor = await open()
    expect(visitor.assertion).toBe(undefined)
    expect(visitor.user).toBe(undefined)
    await expect(open('a.b.c')).rejects.toMatchObject({ code: 'ERR_ASSERTION_INVALID' })
    await expect(open('')).rejects.toMatchObject({ code: 'ERR_ASSERTION_INVALID' })
  })
})
