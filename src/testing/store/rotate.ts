/**
 * Declares the tests of `rotate`, with which a login ends the old session and creates the new one
 * in one step. `storeContract()` calls it. A store that breaks a promise fails the test of that
 * name; the tests of `readReplaced` pass for a store without that method.
 */
import type { Check } from './contract.ts'
import { defaults, expectedConflict, expectedFound, seconds } from './desk.ts'

/** Declares the tests of rotate. */
export function rotatePromises(check: Check): void {
  const { group } = check

  group('rotate', () => {
    declareRotation(check)
    declareRotationFromVersion(check)
    declareRotationAgain(check)
    declareRotationOfLists(check)
  })
}

/** Declares the effect of rotate on the old and the new key. */
function declareRotation({ that, expect }: Check): void {
  that('ends the old session and begins the new one', async (d) => {
    const old = d.ref()
    await d.create(old)

    const next = d.row(d.ref(d.index()), { record: 'signed in' })
    expect(await d.rotate(old, next)).toEqual({ is: 'ok' })
    expect(await d.read(old)).toEqual({ is: 'ended' })
    expect(await d.read(next)).toEqual(expectedFound(next, '1'))
  })

  that('works whatever became of the old session', async (d) => {
    const [never, ended, late] = [d.ref(), d.ref(), d.ref(d.index())]
    await d.create(ended)
    await d.end(ended)
    await d.create(late)
    await d.endAll(late.index ?? '')

    for (const old of [never, ended, late]) {
      const next = d.row(d.ref())
      expect(await d.rotate(old, next)).toEqual({ is: 'ok' })
      expect(await d.standing(next)).toEqual('found')

      // A parallel request with the old cookie must not create a session under the old key.
      expect(await d.standing(old)).toEqual('ended')
    }
  })

  that('without grace leaves nothing at the old key', async (d) => {
    const old = d.ref()
    await d.create(old)
    await d.rotate(old, d.row(d.ref()), undefined, 0)
    expect(await d.standing(old)).toEqual('none')
  })
}

/** Declares that a rotation from a version happens from that version only. */
function declareRotationFromVersion({ that, expect }: Check): void {
  that('from a version it knows, only from that one', async (d) => {
    const old = d.ref(d.index())
    const row = d.row(old, { record: 'first' })
    await d.create(old, row)
    await d.replace(old, '1', { record: 'theirs' })

    const next = d.row(d.ref(old.index))
    expect(await d.rotate(old, next, '1')).toEqual(expectedConflict(row, '2', { record: 'theirs' }))
    expect(await d.standing(next)).toEqual('none')
    expect(await d.standing(old)).toEqual('found')
    expect(await d.rotate(old, next, '2')).toEqual({ is: 'ok' })
    expect(await d.standing(next)).toEqual('found')
    expect(await d.standing(old)).toEqual('ended')
  })

  that('from a version begins nothing where the old session is gone', async (d) => {
    const [never, ended, all, idle] = [d.ref(), d.ref(), d.ref(d.index()), d.ref()]
    for (const ref of [ended, all, idle]) await d.create(ref)
    await d.end(ended)
    await d.endAll(all.index ?? '')

    for (const [old, is, after] of [
      [never, 'none', 0],
      [ended, 'ended', 0],
      [all, 'ended', 0],
      [idle, 'expired', defaults.idle],
    ] as const) {
      const next = d.row(d.ref(), { now: d.now() + after })
      expect(await d.rotate(old, next, '1')).toEqual({ is })
      expect(await d.standing(next)).toEqual('none')
    }
  })
}

/**
 * Declares how long rotate remembers the old session, and the result of a call that is sent again.
 */
function declareRotationAgain({ that, expect }: Check): void {
  that('remembers what it replaced for the grace, where the store has readReplaced', async (d) => {
    const [one, two] = [d.ref(d.index()), d.ref()]
    const row = d.row(one, { record: 'before' })
    await d.create(one, row)
    await d.create(two)
    await d.rotate(one, d.row(d.ref(one.index)))
    await d.end(two)

    const expected = { ...expectedFound(row, '1'), by: one.index ?? '' }
    expect(await d.readReplaced(one, expected)).toEqual(expected)

    // The login form was sent twice: the result is the same, and the time of the mark does not
    // start again.
    await d.rotate(one, d.row(d.ref(d.index())))
    expect(await d.readReplaced(one, expected)).toEqual(expected)

    for (const ref of [two, d.ref()])
      expect(await d.readReplaced(ref, undefined)).toEqual(undefined)
    expect(await d.read(one)).toEqual({ is: 'ended' })
    await d.pass(defaults.grace + seconds)
    expect(await d.readReplaced(one, undefined)).toEqual(undefined)
  })

  that('sent again answers ok and changes nothing', async (d) => {
    const old = d.ref()
    await d.create(old)

    for (const ifVersion of [undefined, '1']) {
      const next = d.row(d.ref(d.index()))
      await d.rotate(old, next)
      expect(await d.rotate(old, next, ifVersion)).toEqual({ is: 'ok' })
      await d.replace(next, '1', { record: 'theirs' })
      expect(await d.rotate(old, next, ifVersion)).toEqual({ is: 'ok' })
      expect(await d.record(next)).toEqual('theirs')
    }
  })

  that('to a key in use changes neither session', async (d) => {
    const [old, used, ended] = [d.ref(), d.ref(), d.ref()]
    for (const ref of [old, used, ended]) await d.create(ref, { record: ref.key })
    await d.end(ended)

    for (const next of [used, ended, old]) {
      expect(await d.rotate(old, d.row(next, { record: 'mine' }))).toEqual({ is: 'ended' })
    }

    expect(await d.record(old)).toEqual(old.key)
    expect(await d.record(used)).toEqual(used.key)
    expect(await d.standing(ended)).toEqual('ended')
  })
}

/** Declares to which user's list a session belongs after a rotation. */
function declareRotationOfLists({ that, expect }: Check): void {
  that('moves a session from one list to another, or within one', async (d) => {
    const [one, two] = [d.index(), d.index()]
    const old = d.ref(one)
    await d.create(old)

    const same = d.row(d.ref(one), { record: 'same' })
    await d.rotate(old, same)
    expect((await d.list(one)).map(({ record }) => record)).toEqual(['same'])

    const other = d.row(d.ref(two), { record: 'other' })
    await d.rotate(same, other)
    expect(await d.list(one)).toEqual([])
    expect((await d.list(two)).map(({ record }) => record)).toEqual(['other'])

    const none = d.row(d.ref())
    await d.rotate(other, none)
    expect(await d.list(two)).toEqual([])
    expect(await d.standing(none)).toEqual('found')
  })
}
