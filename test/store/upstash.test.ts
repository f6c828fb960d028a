import { describe, expect, it } from 'vitest'
import type { Redis } from '../../src/redis/index.ts'
import { isAtomic, type Ref, type Row } from '../../src/store/index.ts'
import { upstashStore } from '../../src/store/upstash.ts'

const now = Date.UTC(2026, 10, 20, 12)
const hour = 3_600_000

interface Sent {
  env: unknown
  name: string
  keys: readonly string[]
  args: readonly string[]
}

/** A client that answers what a test wants and shows what it was asked. */
function client(...answers: unknown[]): Redis & { sent: Sent[] } {
  const sent: Sent[] = []
  return {
    sent,
    check(): void {},
    ask() {
      throw new Error('nobody asks')
    },
    async call(env, { name }, keys, args) {
      sent.push({ env, name, keys, args })
      return answers.shift()
    },
  }
}

const visitor: Ref = { key: 'DIGEST' }
const user: Ref = { key: 'DIGEST', index: 'TAG' }
const row = (ref: Ref, more: Partial<Row> = {}): Row => ({
  ...ref,
  ...{ record: 'sealed', end: now + 8 * hour, now, idle: hour, write: 'w1', ...more },
})
const env = { NAME: 'value' }
const numbers = ['1795176000000', '3600000', '1795204800000']

describe('upstashStore', () => {
  it.each<
    [
      title: string,
      reply: unknown,
      ask: (redis: Redis) => Promise<unknown>,
      sent: Omit<Sent, 'env'>,
      answer: unknown,
    ]
  >([
    [
      'create',
      ['ok'],
      (redis) => upstashStore({ redis }).create(row(user), { env }),
      {
        name: 'session-create',
        keys: ['portcullis:s:DIGEST', 'portcullis:w:DIGEST:w1', 'portcullis:u:TAG'],
        args: ['DIGEST', ...numbers, 'sealed', '0', '100'],
      },
      { is: 'ok' },
    ],
    [
      'create of a visitor’s session',
      ['taken'],
      (redis) => upstashStore({ redis, prefix: 'p:', maxPerUser: 7 }).create(row(visitor), { env }),
      {
        name: 'session-create',
        keys: ['p:s:DIGEST', 'p:w:DIGEST:w1'],
        args: ['DIGEST', ...numbers, 'sealed', '0', '7'],
      },
      { is: 'taken' },
    ],
    [
      'read',
      ['found', '3', 'sealed', '1795176000000', '1795204800000'],
      (redis) => upstashStore({ redis }).read(user, { now, idle: hour, slice: 360_000 }, { env }),
      {
        name: 'session-read',
        keys: ['portcullis:s:DIGEST', 'portcullis:u:TAG'],
        args: ['DIGEST', '1795176000000', '3600000', '360000'],
      },
      { is: 'found', version: '3', record: 'sealed', seen: now, end: now + 8 * hour },
    ],
    [
      'replace that conflicts',
      ['conflict', '3', 'theirs', '1795176000000', '1795204800000'],
      (redis) => upstashStore({ redis }).replace(row(visitor), '2', { env }),
      {
        name: 'session-replace',
        keys: ['portcullis:s:DIGEST', 'portcullis:w:DIGEST:w1'],
        args: ['DIGEST', '1795176000000', '3600000', '2', 'sealed'],
      },
      { is: 'conflict', version: '3', record: 'theirs', seen: now, end: now + 8 * hour },
    ],
    [
      'rotate from a visitor to a user',
      ['ok'],
      (redis) =>
        upstashStore({ redis }).rotate({ key: 'OLD' }, row(user), { grace: 60_000 }, { env }),
      {
        name: 'session-rotate',
        keys: [
          'portcullis:s:OLD',
          'portcullis:s:DIGEST',
          'portcullis:w:DIGEST:w1',
          'portcullis:u:TAG',
        ],
        args: ['OLD', ...numbers, 'sealed', '0', '100', 'DIGEST', '60000', '0', '4'],
      },
      { is: 'ok' },
    ],
    [
      'rotate within one user: the index is named once',
      ['ended'],
      (redis) =>
        upstashStore({ redis }).rotate(
          { key: 'OLD', index: 'TAG' },
          row(user),
          { ifVersion: '4', grace: 0 },
          { env },
        ),
      {
        name: 'session-rotate',
        keys: [
          'portcullis:s:OLD',
          'portcullis:s:DIGEST',
          'portcullis:w:DIGEST:w1',
          'portcullis:u:TAG',
        ],
        args: ['OLD', ...numbers, 'sealed', '0', '100', 'DIGEST', '0', '4', '4', '4'],
      },
      { is: 'ended' },
    ],
    [
      'rotate from one user to another',
      ['conflict', '3', 'theirs', '1795176000000', '1795204800000'],
      (redis) =>
        upstashStore({ redis }).rotate(
          { key: 'OLD', index: 'EVE' },
          row(user),
          { grace: 0 },
          { env },
        ),
      {
        name: 'session-rotate',
        keys: [
          'portcullis:s:OLD',
          'portcullis:s:DIGEST',
          'portcullis:w:DIGEST:w1',
          'portcullis:u:EVE',
          'portcullis:u:TAG',
        ],
        args: ['OLD', ...numbers, 'sealed', '0', '100', 'DIGEST', '0', '4', '5'],
      },
      { is: 'conflict', version: '3', record: 'theirs', seen: now, end: now + 8 * hour },
    ],
    [
      'end',
      ['1'],
      (redis) => upstashStore({ redis }).end(user, 60_000, { env }, 'w1'),
      {
        name: 'session-end',
        keys: ['portcullis:s:DIGEST', 'portcullis:w:DIGEST:w1', 'portcullis:u:TAG'],
        args: ['DIGEST', '60000'],
      },
      true,
    ],
    [
      'endAll but one',
      ['12'],
      (redis) => upstashStore({ redis }).endAll('TAG', visitor, { env }, 'w1'),
      {
        name: 'session-end-all',
        keys: ['portcullis:u:TAG', 'portcullis:w:TAG:w1'],
        args: ['DIGEST'],
      },
      12,
    ],
    [
      'read of a session with a mark',
      ['ended'],
      (redis) => {
        const at = { now, idle: hour, slice: 360_000 }
        return upstashStore({ redis }).read({ ...user, mark: 'MARK' }, at, { env })
      },
      {
        name: 'session-read',
        keys: ['portcullis:s:DIGEST', 'portcullis:u:TAG', 'portcullis:o:MARK'],
        args: ['DIGEST', '1795176000000', '3600000', '360000', '3'],
      },
      { is: 'ended' },
    ],
    [
      'replace of a visitor’s session with a mark',
      ['ended'],
      (redis) => upstashStore({ redis }).replace({ ...row(visitor), mark: 'MARK' }, '2', { env }),
      {
        name: 'session-replace',
        keys: ['portcullis:s:DIGEST', 'portcullis:w:DIGEST:w1', 'portcullis:o:MARK'],
        args: ['DIGEST', '1795176000000', '3600000', '2', 'sealed', '3'],
      },
      { is: 'ended' },
    ],
    [
      'endMarked by a message',
      ['0'],
      (redis) => {
        const once = { id: 'JTI', life: 5 }
        return upstashStore({ redis }).endMarked?.(
          'MARK',
          { life: 9, once, write: 'w1' },
          { env },
        ) as Promise<boolean>
      },
      {
        name: 'session-end-marked',
        keys: ['portcullis:o:MARK', 'portcullis:j:JTI'],
        args: ['9', '5', 'w1'],
      },
      false,
    ],
  ])('%s is one script with all its keys', async (_, reply, ask, sent, answer) => {
    const redis = client(reply)
    expect(await ask(redis)).toEqual(answer)
    expect(redis.sent).toEqual([{ env, ...sent }])
  })

  it('list asks for the members, then for their rows', async () => {
    const redis = client(['A', 'B'], [['found', '2', 'sealed', `${now}`, `${now + hour}`]])
    expect(await upstashStore({ redis }).list('TAG', { env })).toEqual([
      { is: 'found', version: '2', record: 'sealed', seen: now, end: now + hour },
    ])
    expect(redis.sent).toEqual([
      { env, name: 'session-members', keys: ['portcullis:u:TAG'], args: [] },
      {
        env,
        name: 'session-rows',
        keys: ['portcullis:u:TAG', 'portcullis:s:A', 'portcullis:s:B'],
        args: ['A', 'B'],
      },
    ])
  })

  it('has all seven verbs', () => {
    expect(isAtomic(upstashStore({ redis: client() }))).toBe(true)
  })

  // A row that somebody else wrote, a proxy that answers by itself: none of it may read as no session.
  it.each([
    [null],
    [undefined],
    ['ok'],
    [1],
    [[]],
    [['']],
    [['nil']],
    [['found']],
    [['found', '1', 'sealed', '1']],
    [['found', '1', null, '1', '2']],
    [['found', 1, 'sealed', 1, 2]],
    [{ is: 'none' }],
    [[['none']]],
  ])('takes the answer %j for a fault', async (reply) => {
    const fault = { code: 'ERR_STORE_REFUSED' }
    const store = (): ReturnType<typeof upstashStore> => upstashStore({ redis: client(reply) })
    await expect(store().read(user, { now, idle: hour, slice: 0 }, {})).rejects.toMatchObject(fault)
    await expect(store().create(row(user), {})).rejects.toMatchObject(fault)
    await expect(store().replace(row(user), '1', {})).rejects.toMatchObject(fault)
    await expect(store().rotate(visitor, row(user), { grace: 0 }, {})).rejects.toMatchObject(fault)
    await expect(store().end(user, 0, {})).rejects.toMatchObject(fault)
    await expect(store().endAll('TAG', undefined, {})).rejects.toMatchObject(fault)
    expect(() => store().readReply(reply)).toThrow(
      'The store returned a reply that no session script returns',
    )
  })

  it.each<[options: object | undefined, faults: string[]]>([
    [undefined, ['', 'redis']],
    [{}, ['redis']],
    [{ redis: { call() {} } }, ['redis']],
    [{ redis: 'https://redis.example.test' }, ['redis']],
    [{ redis: client(), prefix: '' }, ['prefix']],
    [{ redis: client(), prefix: 'a b' }, ['prefix']],
    [{ redis: client(), prefix: 'é' }, ['prefix']],
    [{ redis: client(), prefix: 'p'.repeat(65) }, ['prefix']],
    [{ redis: client(), maxPerUser: 0, maxBytes: 1_023 }, ['maxPerUser', 'maxBytes']],
    [{ redis: client(), maxPerUser: 1_001, maxBytes: 1_000_001 }, ['maxPerUser', 'maxBytes']],
    [{ redis: client(), maxPerUsers: 5 }, ['maxPerUsers']],
  ])('refuses %j, every fault at once', (options, faults) => {
    expect(() => upstashStore(options as never)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG',
        faults: faults.map((option) => expect.objectContaining({ option })),
      }),
    )
  })
})
