/**
 * Declares the tests of races between clients of a store. Instead of relying on chance, they run
 * every order in which the steps of two to four clients can happen. `storeContract()` calls it. A
 * store that breaks a promise fails the test of that name; a write that conflicts ten times throws
 * an `Error` in its test.
 */
import type { Ref } from '../../store/contract.ts'
import type { Check } from './contract.ts'
import type { StoreTestContext } from './desk.ts'

/** A client. At each `yield`, other clients may run. */
type Client = AsyncGenerator<void, void, void>

/**
 * The most tries of a write. It is more than any client needs here; without it, a store that always
 * reports a conflict would hang the test.
 */
const MAX_TRIES = 10

/**
 * Lists every order in which clients can take their turns. `turns` has the number of each: `[2, 1]`
 * gives 001, 010, 100.
 */
export function orders(turns: readonly number[]): number[][] {
  if (turns.every((remaining) => remaining === 0)) return [[]]
  return turns.flatMap((remaining, client) =>
    remaining === 0
      ? []
      : orders(turns.map((n, index) => (index === client ? n - 1 : n))).map((rest) => [
          client,
          ...rest,
        ]),
  )
}

/** Runs the clients in this order, and then each to its end. */
async function play(order: readonly number[], clients: readonly Client[]): Promise<void> {
  for (const index of order) await clients[index]?.next()
  for (const client of clients) while (!(await client.next()).done);
}

/**
 * A client that adds one to the number in a record. After a conflict it adds to the value that the
 * conflict returned. It takes at least two turns.
 */
async function* adder(d: StoreTestContext, ref: Ref, resend = false): Client {
  const seen = await d.read(ref)
  if (seen.is !== 'found') return

  let { version, record } = seen
  yield

  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    const row = d.row(ref, { record: `${Number(record) + 1}` })
    let answer = await d.replace(ref, version, row)

    if (resend) {
      yield // The result was lost. Meanwhile others write.
      answer = await d.replace(ref, version, row)
    }

    if (answer.is !== 'conflict') return
    ;({ version, record } = answer)
    yield
  }

  throw new Error(`Each of ${MAX_TRIES} writes resulted in a conflict`)
}

/** A client that calls one method in one turn. */
async function* once(step: () => Promise<unknown>): Client {
  await step()
  yield
}

/** Declares the tests of races. */
export function racePromises(check: Check): void {
  const { group } = check

  group('in every order', () => {
    declareWriteRaces(check)
    declareLoginRaces(check)
    declareListRaces(check)
  })
}

/** Declares that parallel writes are all counted, each of them once. */
function declareWriteRaces({ that, expect }: Check): void {
  that('two or three clients that add one each have added all', async (d) => {
    for (const turns of [
      [2, 2],
      [2, 2, 2],
    ]) {
      for (const order of orders(turns)) {
        const ref = d.ref(d.index())
        await d.create(ref, { record: '0' })
        await play(
          order,
          turns.map(() => adder(d, ref)),
        )
        expect(await d.record(ref)).toEqual(`${turns.length}`)
      }
    }
  })

  that('a write whose answer was lost counts once', async (d) => {
    for (const order of orders([3, 2])) {
      const ref = d.ref()
      await d.create(ref, { record: '0' })
      await play(order, [adder(d, ref, true), adder(d, ref)])
      expect(await d.record(ref)).toEqual('2')
    }
  })
}

/** Declares how a logout or a login ends beside clients that still write. */
function declareLoginRaces({ that, expect }: Check): void {
  that('a logout beats readers and slow writers', async (d) => {
    for (const order of orders([2, 1, 1])) {
      const ref = d.ref(d.index())
      await d.create(ref, { record: '0' })
      await play(order, [
        adder(d, ref),
        once(() => d.end(ref)),
        once(() => d.read(ref, { slice: 0 })),
      ])

      expect(await d.standing(ref)).toEqual('ended')
      expect(await d.list(ref.index ?? '')).toEqual([])
    }
  })

  that('a login stands, beside a slow writer and a logout of the old session', async (d) => {
    for (const order of orders([2, 1, 1])) {
      const [old, next] = [d.ref(), d.row(d.ref(d.index()))]
      await d.create(old, { record: '0' })
      await play(order, [adder(d, old), once(() => d.rotate(old, next)), once(() => d.end(old))])
      expect(await d.standing(old)).toEqual('ended')
      expect(await d.standing(next)).toEqual('found')
      expect(await d.list(next.index ?? '').then((rows) => rows.length)).toEqual(1)
    }
  })

  that('a login that keeps something keeps every write that was acknowledged', async (d) => {
    for (const order of orders([2, 2])) {
      const [old, next] = [d.ref(), d.ref(d.index())]
      await d.create(old, { record: '0' })

      let acknowledged = 0

      async function* writer(): Client {
        const seen = await d.read(old)
        if (seen.is !== 'found') return

        yield
        const answer = await d.replace(old, seen.version, {
          record: `${Number(seen.record) + 1}`,
        })
        if (answer.is === 'ok') acknowledged++
      }

      async function* login(): Client {
        let seen: { is: string; version?: string; record?: string } = await d.read(old)
        for (let tries = 0; tries < MAX_TRIES && seen.version !== undefined; tries++) {
          yield
          seen = await d.rotate(old, d.row(next, { record: seen.record ?? '' }), seen.version)
        }
      }

      await play(order, [writer(), login()])
      expect(await d.record(next)).toEqual(`${acknowledged}`)
      expect(await d.standing(old)).toEqual('ended')
    }
  })
}

/** Declares which sessions endAll ends, and the result of two creations of one session. */
function declareListRaces({ that, expect }: Check): void {
  that('endAll ends what was made before it and nothing made after', async (d) => {
    for (const order of orders([1, 1, 1, 2])) {
      const index = d.index()
      const [was, one, two] = [d.ref(index), d.ref(index), d.ref(index)]
      await d.create(was, { record: '0' })
      await play(order, [
        once(() => d.endAll(index)),
        once(() => d.create(one)),
        once(() => d.create(two)),
        adder(d, was),
      ])

      const after = (who: number): string =>
        order.indexOf(who) > order.indexOf(0) ? 'found' : 'ended'
      const standings = [await d.standing(one), await d.standing(two)]
      expect(standings).toEqual([after(1), after(2)])
      expect(await d.standing(was)).toEqual('ended')
      expect(await d.list(index).then((rows) => rows.length)).toEqual(
        standings.filter((is) => is === 'found').length,
      )
    }
  })

  that('endAll but this one ends the others and loses none of its writes', async (d) => {
    for (const order of orders([1, 2, 2])) {
      const index = d.index()
      const [keep, other] = [d.ref(index), d.ref(index)]
      for (const ref of [keep, other]) await d.create(ref, { record: '0' })
      await play(order, [once(() => d.endAll(index, keep)), adder(d, keep), adder(d, other)])
      expect(await d.record(keep)).toEqual('1')
      expect(await d.standing(other)).toEqual('ended')
    }
  })

  // Two parallel first requests may have one cookie of an older library, whose seal gives both the
  // same id.
  that('two that make the same session meet in one', async (d) => {
    for (const order of orders([1, 1])) {
      const ref = d.ref(d.index())
      const answers: string[] = []
      const maker = (record: string): Client =>
        once(async () => answers.push(await d.create(ref, { record })))

      await play(order, [maker('0'), maker('1')])
      expect(answers).toEqual(['ok', 'taken'])
      expect(await d.record(ref)).toEqual(`${order[0]}`)
    }
  })
}
