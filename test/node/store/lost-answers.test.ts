/** What a call answers whose first answer was lost on its way: it was sent again, and has done its work before. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RaceServer, raceStores, type Stores } from '../../fuzz/race-stores.ts'
import { noon } from './support.ts'

const minute = 60_000
const user = { key: 'KEY', index: 'USER', mark: 'MARK' }
const row = {
  ...{ ...user, record: 'RECORD', end: noon + 480 * minute },
  ...{ now: noon, idle: 60 * minute, write: 'W1' },
}

describe.each(raceStores)('a lost answer $title', ({ name, start }) => {
  let server: RaceServer
  beforeAll(async () => {
    server = await start()
  })
  afterAll(() => server.stop())

  /** Opens a store that loses the answer to one request, the first or a later one, once it holds two sessions. */
  async function open(nth = 1): Promise<Stores> {
    let [asked, isCounting] = [0, false]
    const lose = (): boolean => isCounting && ++asked === nth
    const stores = await server.open({ clock: { now: noon }, lane: 0, lose })
    await stores.calm.create(row, {})
    await stores.calm.create({ ...row, key: 'OTHER', write: 'W2' }, {})
    isCounting = true
    return stores
  }

  /** A store in memory is asked again by its caller, who names the call; the others name it themselves. */
  const write: [write?: string] = name === 'memory' ? ['W3'] : []

  // A logout whose audit record and answer said that there was no session.
  it('to a logout does not say that there was no session', async () => {
    const { calm, lossy } = await open()
    expect(await lossy.end(user, minute, {}, ...write)).toBe(true)
    expect(await calm.list('USER', {})).toHaveLength(1)
    expect(await calm.end(user, minute, {})).toBe(false)
  })

  it('to the end of all sessions does not say that there were none', async () => {
    const { calm, lossy } = await open()
    expect(await lossy.endAll('USER', undefined, {}, ...write)).toBe(2)
    expect(await calm.list('USER', {})).toEqual([])
    expect(await calm.endAll('USER', undefined, {})).toBe(0)
  })

  // A logout token that the provider sent once, and was told that it had sent twice.
  it.each([1, 2, 3])(
    'to a logout by a provider does not say that its message came before: answer %i',
    async (nth) => {
      const { calm, lossy } = await open(nth)
      const once = { id: 'JTI', life: minute }
      const options = { life: minute, once, ...(name === 'memory' && { write: 'W3' }) }
      expect(await lossy.endMarked?.('MARK', options, {})).toBe(true)
      expect(await calm.endMarked?.('MARK', { life: minute, once }, {})).toBe(false)
      const at = { now: noon, idle: 60 * minute, slice: minute }
      expect(await calm.read(user, at, {})).toEqual({ is: 'ended' })
    },
  )
})
