import { describe, expect, it } from 'vitest'
import { memoryThrottle } from '../../src/limit/throttle/stores/memory-throttle.ts'
import { deviceOf, type LoginBench, loginBench, right } from './login-bench.ts'
import { type LoginOrigin, origins } from './login-origins.ts'

const named = (name: string): LoginOrigin =>
  origins.find((origin) => origin.name === name) as LoginOrigin
const start = (
  name = 'a JSON API',
  ...rest: [] | [Parameters<typeof loginBench>[2]]
): Promise<LoginBench> => loginBench(named(name), memoryThrottle(), ...rest)

/** Guesses that reached the verifier for one account. */
const guesses = (at: LoginBench, account: string): number =>
  at.verified.filter((email) => email === account).length

describe('an attacker with an account of his own', () => {
  // He owns `ádmin`: while true; do for i in 1 2 3 4; do guess admin; done; login ádmin; done
  it.each([
    ['ádmin', 'admin'],
    ['Ada', 'ada'],
    ['ADMIN', 'admin'],
    ['adm\u0131n', 'admin'],
    ['admin\u0007', 'admin'],
    ['stra\u00dfe', 'strasse'],
    ['\u0142uk', 'luk'],
    ['+1 555 0100 000', '15550100000'],
    ['ａdmin', 'admin'],
  ])('T1: who owns %s gets five guesses at %s, however often he signs in', async (own, victim) => {
    const at = await start()
    await at.login(own, right)
    for (let round = 0; round < 30; round++) {
      for (let i = 0; i < 4; i++) await at.login(victim, 'guess')
      await at.login(own, right)
    }
    expect(guesses(at, victim)).toBeLessThanOrEqual(5)
    expect(at.events.some(({ type }) => type === 'login-throttled')).toBe(true)
  })

  it('T1: his device is no device of the victim', async () => {
    const at = await start()
    const cookie = deviceOf(await at.login('ádmin', right)) ?? ''
    for (let i = 0; i < 60; i++) await at.login('admin', 'guess', { cookie })
    expect(guesses(at, 'admin')).toBe(5)
  })

  it('T1: nor do many addresses help: a success clears no failures under another text', async () => {
    const at = await start()
    for (let i = 0; i < 300; i++) {
      const address = `10.0.${i >> 4}.${i & 15}`
      await at.login('admin', 'guess', { address })
      if (i % 4 === 3) await at.login('ádmin', right, { address })
    }
    // The account's own streak: a hundred, then one at a time after a wait.
    expect(guesses(at, 'admin')).toBeLessThanOrEqual(101)
  })

  it.each([
    ['JSON', 'a JSON API'],
    ['WordPress', 'wordpress'],
  ])('T9: spellings of one account are one to an origin of %s', async (_, name) => {
    const at = await start(name)
    const spellings = [
      'admin',
      'ADMIN',
      'ádmin',
      'adm\u0131n',
      'admin\u0007',
      'ad\u200bmin',
      'ａdmin',
      'admi\u0144',
    ]
    if (name === 'wordpress') spellings.unshift('admin&7;', 'ad%41min', 'adm&x;in', 'ad<7>min')
    for (const spelling of [...spellings, ...spellings]) await at.login(spelling, 'guess')
    expect(at.verified.length).toBe(5)
  })

  it('T9: an option says what else is one', async () => {
    const normalize = (text: string): string => text.replace(/\+[^@]*/, '')
    const at = await start('a JSON API', { throttle: { normalize } })
    for (let i = 0; i < 20; i++) await at.login(`zoe+${i}@example.com`, 'guess')
    expect(at.verified.length).toBe(5)
  })
})

describe('an owner', () => {
  it('T1: has a count of his own cleared by his own success', async () => {
    const at = await start()
    for (let round = 0; round < 10; round++) {
      for (let i = 0; i < 4; i++) expect((await at.login('zoe', 'typo')).status).toBe(401)
      expect((await at.login('zoe', right)).status).toBe(200)
    }
  })

  it('T1: on a known device is held to his address over the day, at twice the limit', async () => {
    const at = await start('a JSON API', { throttle: { perAddress: 10, limit: 2 } })
    const cookie = deviceOf(await at.login('zoe', right)) ?? ''
    let failures = 0
    for (let round = 0; round < 30; round++) {
      for (let i = 0; i < 3; i++)
        if ((await at.login('zoe', 'typo', { cookie })).status === 401) failures++
      await at.login('zoe', right, { cookie })
    }
    expect(failures).toBe(20)
    expect(at.events).toContainEqual(
      expect.objectContaining({ type: 'login-throttled', reason: 'address' }),
    )
  })

  it('T1: on a known device is held to his account over the day, whatever his address', async () => {
    const at = await start('a JSON API', { throttle: { slowAt: 10, limit: 2 } })
    const cookie = deviceOf(await at.login('zoe', right)) ?? ''
    let failures = 0
    for (let round = 0; round < 60; round++) {
      const from = { cookie, address: `10.0.0.${round}` }
      if ((await at.login('zoe', 'typo', from)).status === 401) failures++
      await at.login('zoe', right, from)
    }
    expect(failures).toBe(20)
    expect(at.events).toContainEqual(
      expect.objectContaining({ type: 'login-throttled', reason: 'account' }),
    )
  })

  it('T1: on a known device is not held up by strangers at his address', async () => {
    const at = await start('a JSON API', { throttle: { perAddress: 10 } })
    const cookie = deviceOf(await at.login('zoe', right)) ?? ''
    for (let i = 0; i < 40; i++) await at.login(`user-${i}@example.com`, 'guess')
    expect((await at.login('user-0@example.com', right)).status).toBe(429)
    expect((await at.login('zoe', right, { cookie })).status).toBe(200)
  })
})
