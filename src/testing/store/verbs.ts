/**
 * Declares the tests of the results of `create`, `read`, `replace` and `end`. `storeContract()`
 * calls it. A store that breaks a promise fails the test of that name.
 */
import type { Check } from './contract.ts'
import { expectedConflict, expectedFound, minutes, seconds } from './desk.ts'

/** Declares the tests of four methods. */
export function verbPromises(check: Check): void {
  const { group } = check

  group('create', () => declareCreate(check))
  group('read', () => declareRead(check))
  group('replace', () => {
    declareReplace(check)
    declareResentWrites(check)
  })
  group('end', () => {
    declareEnd(check)
    declareResentEnds(check)
  })
}

/** Declares the results of create for a free key, a used key and a call that is sent again. */
function declareCreate({ that, expect }: Check): void {
  that('keeps a session as version 1', async (d) => {
    const ref = d.ref()
    const row = d.row(ref, { record: 'first' })
    expect(await d.create(ref, row)).toEqual('ok')
    expect(await d.read(ref)).toEqual(expectedFound(row, '1'))
  })

  that('answers taken where there is a session, which stays as it was', async (d) => {
    const ref = d.ref()
    await d.create(ref, { record: 'first' })
    expect(await d.create(ref, { record: 'second' })).toEqual('taken')
    expect(await d.record(ref)).toEqual('first')
  })

  that('sent again answers ok and changes nothing, also after others wrote', async (d) => {
    const ref = d.ref()
    const row = d.row(ref, { record: 'first' })
    await d.create(ref, row)
    expect(await d.create(ref, row)).toEqual('ok')
    await d.replace(ref, '1', { record: 'second' })
    expect(await d.create(ref, row)).toEqual('ok')
    expect(await d.read(ref)).toEqual(expectedFound(row, '2', { record: 'second' }))
  })
}

/** Declares that read finds existing sessions and creates none. */
function declareRead({ that, expect }: Check): void {
  that('answers none for what was never made', async (d) => {
    expect(await d.read(d.ref())).toEqual({ is: 'none' })
    expect(await d.read(d.ref(d.index()))).toEqual({ is: 'none' })
  })

  that('changes neither record nor version, and makes nothing', async (d) => {
    const [ref, other] = [d.ref(), d.ref()]
    const row = d.row(ref)
    await d.create(ref, row)
    for (const ahead of [0, 2, 4]) await d.read(ref, { now: d.now() + ahead * minutes })
    expect(await d.read(ref)).toEqual(expectedFound(row, '1', { seen: row.now + 4 * minutes }))
    await d.read(other)
    expect(await d.standing(other)).toEqual('none')
  })
}

/** Declares how replace counts versions, and that it neither overwrites nor creates a session. */
function declareReplace({ that, expect }: Check): void {
  that('counts versions and keeps the end that create settled', async (d) => {
    const ref = d.ref()
    const row = d.row(ref)
    await d.create(ref, row)

    const later = row.end + 60 * minutes
    expect(await d.replace(ref, '1', { record: 'two', end: later })).toEqual({
      is: 'ok',
      version: '2',
    })
    expect(await d.replace(ref, '2', { record: 'three', end: later })).toEqual({
      is: 'ok',
      version: '3',
    })
    expect(await d.read(ref)).toEqual(expectedFound(row, '3', { record: 'three' }))
  })

  that('counts on beyond one digit', async (d) => {
    const ref = d.ref()
    await d.create(ref)
    for (let version = 1; version <= 11; version++) {
      expect(await d.replace(ref, `${version}`)).toEqual({ is: 'ok', version: `${version + 1}` })
    }
  })

  that('of another version shows the row as it is, and leaves it so', async (d) => {
    const ref = d.ref()
    const row = d.row(ref, { record: 'first' })
    await d.create(ref, row)
    await d.replace(ref, '1', { record: 'theirs' })

    const conflict = expectedConflict(row, '2', { record: 'theirs' })
    for (const version of ['1', '3', '', '02', 'NaN']) {
      expect(await d.replace(ref, version, { record: 'mine' })).toEqual(conflict)
    }

    expect(await d.record(ref)).toEqual('theirs')
  })

  that('never makes a session', async (d) => {
    const index = d.index()
    for (const ref of [d.ref(), d.ref(index)]) {
      expect(await d.replace(ref, '1')).toEqual({ is: 'none' })
      expect(await d.standing(ref)).toEqual('none')
    }

    expect(await d.list(index)).toEqual([])
  })
}

/** Declares that a write which is sent again is recognised by its whole id, and by nothing less. */
function declareResentWrites({ that, expect }: Check): void {
  that('sent again answers ok with its own version, also after others wrote', async (d) => {
    const ref = d.ref()
    await d.create(ref)

    const mine = d.row(ref, { record: 'mine' })
    await d.replace(ref, '1', mine)
    expect(await d.replace(ref, '1', mine)).toEqual({ is: 'ok', version: '2' })

    // As long as a client may send a write again, however many others come between.
    for (let version = 2; version <= 40; version++)
      await d.replace(ref, `${version}`, { record: `theirs ${version}` })
    await d.pass(30 * seconds)
    expect(await d.replace(ref, '1', mine)).toEqual({ is: 'ok', version: '2' })
    expect(await d.record(ref)).toEqual('theirs 40')
  })

  that('create and rotate sent again answer ok, also after many writes', async (d) => {
    const [made, next] = [d.row(d.ref()), d.row(d.ref(d.index()))]
    await d.create(made, made)
    await d.rotate(d.ref(), next)

    for (const ref of [made, next]) {
      for (let version = 1; version <= 20; version++)
        await d.replace(ref, `${version}`, { record: `theirs ${version}` })
    }

    await d.pass(30 * seconds)
    expect(await d.create(made, made)).toEqual('ok')
    expect(await d.rotate(d.ref(), next)).toEqual({ is: 'ok' })
    for (const ref of [made, next]) expect(await d.record(ref)).toEqual('theirs 20')
  })

  that('takes a part of a write id for no id', async (d) => {
    const ref = d.ref()
    await d.create(ref, { write: 'abcabc' })
    await d.replace(ref, '1', { write: 'defdef', record: 'theirs' })

    const parts = ['abc', 'cab', 'def', 'fabc', 'fdefabc', '.', '......', '%w+']
    for (const write of parts) {
      expect((await d.replace(ref, '1', { write, record: 'mine' })).is).toEqual('conflict')
    }

    for (const write of parts) expect(await d.create(ref, { write })).toEqual('taken')
    for (const write of parts)
      expect(await d.rotate(d.ref(), d.row(ref, { write }))).toEqual({ is: 'ended' })
    expect(await d.record(ref)).toEqual('theirs')
  })
}

/** Declares that an ended session leaves a mark for the grace period and cannot be continued. */
function declareEnd({ that, expect }: Check): void {
  that('ends a session that lives, once', async (d) => {
    const ref = d.ref()
    await d.create(ref)
    expect(await d.end(ref)).toEqual(true)
    expect(await d.read(ref)).toEqual({ is: 'ended' })
    expect(await d.end(ref)).toEqual(false)
    expect(await d.read(ref)).toEqual({ is: 'ended' })
  })

  that('of what was never there leaves no mark', async (d) => {
    const ref = d.ref(d.index())
    expect(await d.end(ref)).toEqual(false)
    expect(await d.standing(ref)).toEqual('none')
    expect(await d.create(ref)).toEqual('ok')
  })

  that('leaves a key that no write brings back', async (d) => {
    const ref = d.ref()
    const row = d.row(ref)
    await d.create(ref, row)
    await d.end(ref)
    expect(await d.create(ref)).toEqual('taken')
    expect(await d.create(ref, row)).toEqual('taken')
    expect(await d.replace(ref, '1')).toEqual({ is: 'ended' })
    expect(await d.replace(ref, '1', row)).toEqual({ is: 'ended' })
    expect(await d.standing(ref)).toEqual('ended')
  })

  that('without grace leaves nothing', async (d) => {
    const ref = d.ref()
    await d.create(ref)
    expect(await d.end(ref, 0)).toEqual(true)
    expect(await d.standing(ref)).toEqual('none')
  })
}

/** Declares that a call which is sent again, because its answer was lost, answers what it has done. */
function declareResentEnds({ that, expect }: Check): void {
  that('sent again says that it ended the session, and no other call says so', async (d) => {
    const refs = [d.ref(), d.ref(d.index())]
    for (const ref of refs) {
      const write = d.write()
      await d.create(ref)
      expect(await d.end(ref, undefined, write)).toEqual(true)
      expect(await d.end(ref, undefined, d.write())).toEqual(false)
      await d.pass(30 * seconds)
      expect(await d.end(ref, undefined, write)).toEqual(true)
      expect(await d.standing(ref)).toEqual('ended')
    }
  })

  that('sent again answers so without a grace, and after a login from its key', async (d) => {
    const [bare, old] = [d.ref(), d.ref(d.index())]
    const writes = [d.write(), d.write()]
    for (const ref of [bare, old]) await d.create(ref)
    expect(await d.end(bare, 0, writes[0])).toEqual(true)
    expect(await d.end(old, undefined, writes[1])).toEqual(true)
    await d.rotate(old, d.row(d.ref(old.index)))

    expect(await d.end(bare, 0, writes[0])).toEqual(true)
    expect(await d.end(old, undefined, writes[1])).toEqual(true)
  })

  that('sent again answers no where it ended nothing', async (d) => {
    const [never, unlisted] = [d.ref(), d.ref(d.index())]
    await d.create(unlisted)
    await d.endAll(unlisted.index ?? '')

    for (const ref of [never, unlisted]) {
      const write = d.write()
      expect(await d.end(ref, undefined, write)).toEqual(false)
      expect(await d.end(ref, undefined, write)).toEqual(false)
    }
  })
}
