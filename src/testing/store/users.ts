/**
 * Declares the tests of the list of a user's sessions: a session that the list does not contain has
 * ended, `endAll` ends all of them, and the oldest ends when there are too many. `storeContract()`
 * calls it. A store that breaks a promise fails the test of that name.
 */
import type { Ref } from '../../store/contract.ts'
import type { Check } from './contract.ts'
import { defaults, expectedFound, minutes, type StoreTestContext, seconds } from './desk.ts'

/** Creates sessions of one user, each with its key as its record. */
async function createSessions(
  d: StoreTestContext,
  index: string,
  count: number,
): Promise<[Ref, ...Ref[]]> {
  const refs: [Ref, ...Ref[]] = [d.ref(index)]
  while (refs.length < count) refs.push(d.ref(index))
  for (const ref of refs) await d.create(ref, { record: ref.key })

  return refs
}

const listKeys = async (d: StoreTestContext, index: string): Promise<string[]> =>
  (await d.list(index)).map(({ record }) => record).sort()

const sorted = (refs: readonly Ref[]): string[] => refs.map(({ key }) => key).sort()

/** Declares the tests of list, of endAll and of the most sessions of a user. */
export function userPromises(check: Check): void {
  const { group } = check

  group('list', () => declareList(check))
  group('endAll', () => declareEndAll(check))
  group('one user', () => declareSessionLimit(check))
}

/** Declares which sessions list shows. */
function declareList({ that, expect }: Check): void {
  that('shows every session of a user and nobody else’s', async (d) => {
    const [mine, other] = [d.index(), d.index()]
    const refs = await createSessions(d, mine, 3)
    await createSessions(d, other, 2)
    await d.create(d.ref())
    expect(await listKeys(d, mine)).toEqual(sorted(refs))
    expect(await d.list(d.index())).toEqual([])
  })

  that('shows what read shows', async (d) => {
    const ref = d.ref(d.index())
    const row = d.row(ref)
    await d.create(ref, row)
    await d.replace(ref, '1', { record: 'second', now: row.now + minutes })
    expect(await d.list(ref.index ?? '')).toEqual([
      expectedFound(row, '2', { record: 'second', seen: row.now + minutes }),
    ])
  })

  that('shows none that ended or was forgotten', async (d) => {
    const index = d.index()
    const [one, two, three] = await createSessions(d, index, 3)
    await d.end(one)
    expect(await listKeys(d, index)).toEqual(sorted([two ?? one, three ?? one]))
    await d.pass(defaults.idle - minutes)
    await d.read(two ?? one)
    await d.pass(minutes + seconds)
    expect(await listKeys(d, index)).toEqual(sorted([two ?? one]))
  })
}

/** Declares which sessions endAll ends, and that it brings none back. */
function declareEndAll({ that, expect }: Check): void {
  that('ends every session of a user, whatever is asked of it afterwards', async (d) => {
    const index = d.index()
    const refs = await createSessions(d, index, 3)
    const other = d.ref(d.index())

    await d.create(other)
    expect(await d.endAll(index)).toEqual(3)

    for (const ref of refs) {
      expect(await d.read(ref)).toEqual({ is: 'ended' })
      expect(await d.replace(ref, '1')).toEqual({ is: 'ended' })
      expect(await d.rotate(ref, d.row(d.ref(index)), '1')).toEqual({ is: 'ended' })
      expect(await d.create(ref)).toEqual('taken')
      expect(await d.end(ref)).toEqual(false)
      expect(await d.standing(ref)).toEqual('ended')
    }

    expect(await d.list(index)).toEqual([])
    expect(await d.endAll(index)).toEqual(0)
    expect(await d.standing(other)).toEqual('found')
  })

  // A page that says how many devices were signed out must not say none because an answer was lost.
  that('sent again answers the same number', async (d) => {
    const index = d.index()
    const [keep, ...others] = await createSessions(d, index, 3)
    const write = d.write()
    expect(await d.endAll(index, keep, write)).toEqual(others.length)
    expect(await d.endAll(index, keep, d.write())).toEqual(0)
    await d.pass(30 * seconds)
    expect(await d.endAll(index, keep, write)).toEqual(others.length)
    expect(await d.standing(keep ?? d.ref())).toEqual('found')
  })

  that('spares the one to keep', async (d) => {
    const index = d.index()
    const [one, keep, three] = await createSessions(d, index, 3)
    expect(await d.endAll(index, keep)).toEqual(2)
    expect(await listKeys(d, index)).toEqual(sorted([keep ?? one]))
    expect(await d.standing(keep ?? one)).toEqual('found')
    expect(await d.standing(one)).toEqual('ended')
    expect(await d.standing(three ?? one)).toEqual('ended')
    expect(await d.endAll(index, keep)).toEqual(0)
  })

  that('brings nothing back for the sake of keeping it', async (d) => {
    const index = d.index()
    const [one, ended] = await createSessions(d, index, 2)
    await d.end(ended ?? one)

    const stranger = d.ref(d.index())
    await d.create(stranger)

    for (const keep of [ended ?? one, { key: stranger.key, index }, d.ref(index)])
      await d.endAll(index, keep)
    expect(await d.list(index)).toEqual([])

    for (const ref of [one, ended ?? one, { key: stranger.key, index }])
      expect(await d.standing(ref)).toEqual('ended')
    expect(await d.standing(stranger)).toEqual('found')
  })

  that('lets the user sign in again, and ends nothing later', async (d) => {
    const index = d.index()
    const [old] = await createSessions(d, index, 1)
    await d.endAll(index)

    const [next] = await createSessions(d, index, 1)
    expect(await d.standing(next)).toEqual('found')
    expect(await d.standing(old)).toEqual('ended')

    const rotated = d.row(d.ref(index), { record: 'rotated' })
    await d.endAll(index)
    await d.rotate(next, rotated)
    expect(await d.standing(rotated)).toEqual('found')
    expect(await d.list(index).then((rows) => rows.length)).toEqual(1)
  })
}

/** Declares which session ends when a user has more than the store allows. */
function declareSessionLimit({ that, expect }: Check): void {
  that('has at most so many sessions: the oldest goes, the newest stays', async (d) => {
    const index = d.index()
    const now = d.now()
    const refs: Ref[] = []

    for (let n = 0; n <= d.maxPerUser; n++) {
      const ref = d.ref(index)
      refs.push(ref)
      await d.create(ref, { record: ref.key, end: now + defaults.life + n * seconds })
    }

    expect(await listKeys(d, index)).toEqual(sorted(refs.slice(1)))
    const rotated = d.row(d.ref(index), { record: 'rotated' })
    expect(await d.rotate(d.ref(), rotated)).toEqual({ is: 'ok' })
    expect(await d.list(index).then((rows) => rows.length)).toEqual(d.maxPerUser)
    for (const ended of refs.slice(0, 2)) expect(await d.standing(ended)).toEqual('ended')
    expect(await d.standing(rotated)).toEqual('found')
  })

  that('loses the sessions that idled out before one that is in use', async (d) => {
    const index = d.index()
    const inUse = d.ref(index)
    await d.create(inUse, { record: inUse.key, end: d.now() + defaults.life - minutes })
    await createSessions(d, index, d.maxPerUser - 1)

    const late = d.now() + defaults.idle
    expect((await d.read(inUse, { now: late - seconds, slice: 0 })).is).toEqual('found')

    const last = d.ref(index)
    await d.create(last, { record: last.key, now: late })

    const rotated = d.row(d.ref(index), { record: 'rotated', now: late })
    if (d.maxPerUser > 2) await d.rotate(d.ref(), rotated)

    const alive =
      d.maxPerUser === 1
        ? [last.key]
        : [inUse.key, last.key, ...(d.maxPerUser > 2 ? ['rotated'] : [])]
    expect((await listKeys(d, index)).filter((record) => alive.includes(record))).toEqual(
      alive.sort(),
    )

    if (d.maxPerUser > 1) expect((await d.read(inUse, { now: late, slice: 0 })).is).toEqual('found')
  })

  that('who signs in once too often is signed in, also for less long than before', async (d) => {
    for (const shorter of [0, defaults.life / 2]) {
      const index = d.index()
      await createSessions(d, index, d.maxPerUser)

      const last = d.ref(index)
      await d.create(last, { end: d.now() + defaults.life - shorter })
      expect(await d.standing(last)).toEqual('found')
      expect(await d.list(index).then((rows) => rows.length)).toEqual(d.maxPerUser)
    }
  })
}
