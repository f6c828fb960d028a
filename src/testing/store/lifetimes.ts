/**
 * Declares the tests of when sessions end by themselves: at the idle limit, at the absolute limit,
 * and with clocks that differ by a minute. `storeContract()` calls it. A store that breaks a
 * promise fails the test of that name. The tests need `elapse`, which moves the store's own expiry.
 */
import type { Check } from './contract.ts'
import { defaults, expectedFound, hours, minutes, seconds } from './desk.ts'

/** Declares the tests of time limits. */
export function lifetimePromises(check: Check): void {
  const { group } = check

  group('the idle limit', () => {
    declareIdleLimit(check)
    declareIdleExpiry(check)
  })
  group('the absolute limit', () => declareAbsoluteLimit(check))
  group('clocks that differ by a minute', () => declareClockSkew(check))
  group('the mark of an ended session', () => declareEndedMark(check))
}

/** Declares when an unused session ends, by the reader's clock. */
function declareIdleLimit({ that, expect }: Check): void {
  that('ends a session at exactly the limit, not a millisecond before', async (d) => {
    const ref = d.ref()
    await d.create(ref)

    const start = d.now()
    const slice = defaults.idle
    expect((await d.read(ref, { now: start + defaults.idle - 1, slice })).is).toEqual('found')
    expect(await d.read(ref, { now: start + defaults.idle })).toEqual({ is: 'expired' })
  })

  // A deployment may lower the limit from hours to minutes. A store that first extends the session
  // and then compares would find it expired on the first read and alive on the second.
  that('is the reader’s own, and is judged before the session slides', async (d) => {
    const ref = d.ref(d.index())
    const row = d.row(ref, { idle: 4 * hours })
    await d.create(ref, row)

    const at = { now: row.now + 2 * hours, idle: hours }
    for (let look = 0; look < 3; look++) expect(await d.read(ref, at)).toEqual({ is: 'expired' })
    expect(await d.replace(ref, '1', at)).toEqual({ is: 'expired' })
    expect(await d.rotate(ref, d.row(d.ref(), at), '1')).toEqual({ is: 'expired' })
    expect(await d.read(ref, { now: row.now, idle: 4 * hours })).toEqual(expectedFound(row, '1'))
  })

  that('counts from the last request that was noted: once per slice', async (d) => {
    const ref = d.ref()
    const row = d.row(ref)
    await d.create(ref, row)

    const noted = row.now + defaults.slice
    expect(await d.read(ref, { now: noted - 1 })).toEqual(expectedFound(row, '1'))
    expect(await d.read(ref, { now: noted })).toEqual(expectedFound(row, '1', { seen: noted }))
    expect(await d.read(ref, { now: noted + defaults.slice - 1 })).toEqual(
      expectedFound(row, '1', { seen: noted }),
    )
    expect(
      (await d.read(ref, { now: noted + defaults.idle - 1, slice: defaults.idle })).is,
    ).toEqual('found')
    expect((await d.read(ref, { now: noted + defaults.idle })).is).toEqual('expired')
  })
}

/** Declares when the store itself deletes an unused session, and which calls postpone it. */
function declareIdleExpiry({ that, expect }: Check): void {
  that('is kept by the store itself: what nobody asks for is forgotten', async (d) => {
    const refs = [d.ref(), d.ref(d.index())]
    for (const ref of refs) await d.create(ref)
    await d.pass(defaults.idle + seconds)

    for (const ref of refs) {
      // A reader whose clock is behind does not see the session either.
      expect(await d.read(ref, { now: d.now() - defaults.idle })).toEqual({ is: 'none' })
      expect(await d.replace(ref, '1')).toEqual({ is: 'none' })
      expect(await d.standing(ref)).toEqual('none')
    }

    expect(await d.list(refs[1]?.index ?? '')).toEqual([])
  })

  that('is held off by reading and by writing', async (d) => {
    const [read, written] = [d.ref(), d.ref(d.index())]
    await d.create(read)
    await d.create(written)

    for (let round = 1; round <= 4; round++) {
      await d.pass(defaults.idle - minutes)
      expect(await d.standing(read)).toEqual('found')
      expect((await d.replace(written, `${round}`)).is).toEqual('ok')
    }

    await d.pass(defaults.idle + seconds)
    expect(await d.standing(read)).toEqual('none')
    expect(await d.standing(written)).toEqual('none')
  })

  that('is not held off by a read within the slice, nor by a write that conflicts', async (d) => {
    const refs = [d.ref(), d.ref()]
    for (const ref of refs) await d.create(ref)
    await d.pass(defaults.slice - 5 * seconds)
    await d.read(refs[0] ?? d.ref())
    await d.replace(refs[1] ?? d.ref(), '7')
    await d.pass(defaults.idle - defaults.slice + 10 * seconds)
    for (const ref of refs) expect(await d.standing(ref)).toEqual('none')
  })
}

/** Declares that a session ends at the absolute limit, however often it is used. */
function declareAbsoluteLimit({ that, expect }: Check): void {
  that('ends a session however active it is, at exactly the limit', async (d) => {
    const ref = d.ref(d.index())
    const row = d.row(ref, { end: d.now() + 30 * minutes })
    await d.create(ref, row)

    for (let version = 1; version <= 5; version++) {
      await d.pass(5 * minutes - seconds)
      expect((await d.replace(ref, `${version}`, { end: d.now() + defaults.life })).is).toEqual(
        'ok',
      )
      expect(await d.standing(ref)).toEqual('found')
    }

    const last = { now: row.end - 1, slice: defaults.idle }
    expect((await d.read(ref, last)).is).toEqual('found')
    expect(await d.read(ref, { now: row.end })).toEqual({ is: 'expired' })
    expect(await d.replace(ref, '6', { now: row.end })).toEqual({ is: 'expired' })
    await d.pass(row.end - d.now() + seconds)
    expect(await d.read(ref, last)).toEqual({ is: 'none' })
  })

  that('is kept by the store itself, also for what is never touched again', async (d) => {
    const ref = d.ref(d.index())
    const row = d.row(ref, { end: d.now() + minutes })
    await d.create(ref, row)

    const next = d.row(d.ref(ref.index), { end: d.now() + minutes })
    await d.rotate(d.ref(), next)
    await d.pass(minutes + seconds)
    expect(await d.read(ref, { now: row.now })).toEqual({ is: 'none' })
    expect(await d.read(next, { now: row.now })).toEqual({ is: 'none' })
  })

  that('does not outlast its list', async (d) => {
    const index = d.index()
    const [long, short] = [d.ref(index), d.ref(index)]
    await d.create(long, { idle: defaults.life })
    await d.create(short, { end: d.now() + minutes })
    await d.pass(2 * hours)
    expect((await d.read(long, { idle: defaults.life })).is).toEqual('found')
    expect(await d.list(index).then((rows) => rows.length)).toEqual(1)
    await d.endAll(index, long)
    await d.pass(defaults.life - 2 * hours - minutes)
    expect((await d.read(long, { idle: defaults.life })).is).toEqual('found')
  })
}

/** Declares that callers whose clocks differ do not end each other's sessions. */
function declareClockSkew({ that, expect }: Check): void {
  that('never set back when a session was last seen', async (d) => {
    const ref = d.ref()
    const row = d.row(ref)
    await d.create(ref, row)

    const ahead = row.now + minutes
    expect(await d.read(ref, { now: ahead })).toEqual(expectedFound(row, '1', { seen: ahead }))
    expect(await d.read(ref, { now: row.now - minutes, slice: 0 })).toEqual(
      expectedFound(row, '1', { seen: ahead }),
    )
    await d.replace(ref, '1', { now: row.now - minutes })
    expect(await d.read(ref, { now: row.now })).toEqual(expectedFound(row, '2', { seen: ahead }))
  })

  that('do not end a session that is used', async (d) => {
    const index = d.index()
    const ref = d.ref(index)
    await d.create(ref)

    for (const skew of [minutes, -minutes, minutes, minutes, -minutes, -minutes, 0]) {
      await d.pass(5 * minutes)
      expect((await d.read(ref, { now: d.now() + skew })).is).toEqual('found')

      const other = d.ref(index)
      expect(await d.create(other, { now: d.now() + skew })).toEqual('ok')
      await d.end(other)
    }
  })

  that('do not end a session whose user signs in elsewhere', async (d) => {
    const index = d.index()
    const ref = d.ref(index)
    await d.create(ref, { end: d.now() + 30 * seconds })
    await d.create(d.ref(index), { now: d.now() + minutes })
    await d.rotate(d.ref(), d.row(d.ref(index), { now: d.now() + minutes }))
    expect(await d.standing(ref)).toEqual('found')
  })
}

/** Declares how long a store remembers that a session ended. */
function declareEndedMark({ that, expect }: Check): void {
  that('lasts for the grace and no longer', async (d) => {
    const [ended, old] = [d.ref(d.index()), d.ref()]
    await d.create(ended)
    await d.create(old)
    await d.end(ended)
    await d.rotate(old, d.row(d.ref()))
    await d.pass(defaults.grace - 5 * seconds)

    for (const ref of [ended, old]) {
      expect(await d.standing(ref)).toEqual('ended')
      expect(await d.create(ref)).toEqual('taken')
      expect(await d.replace(ref, '1')).toEqual({ is: 'ended' })
      expect(await d.rotate(ref, d.row(d.ref()), '1')).toEqual({ is: 'ended' })
    }

    await d.pass(10 * seconds)
    for (const ref of [ended, old]) expect(await d.standing(ref)).toEqual('none')
  })
}
