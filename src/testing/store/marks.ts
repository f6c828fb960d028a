/**
 * Declares the tests of `endMarked`, which ends every session with a mark, such as that of a
 * session at an identity provider. `storeContract()` calls it. A store that breaks a promise fails
 * the test of that name; a store without that method passes.
 */
import type { Ref } from '../../store/contract.ts'
import type { Check } from './contract.ts'
import { defaults, minutes, seconds } from './desk.ts'

/** Declares the tests of `endMarked`, for stores that have it. */
export function markPromises({ group, that, expect }: Check): void {
  group('endMarked', () => {
    that('ends every session with this mark and no other session', async (d) => {
      if (!d.hasMarks) return

      const [mark, other] = [d.index(), d.index()]
      const listed: Ref = { ...d.ref(d.index()), mark }
      const visitor: Ref = { ...d.ref(), mark }
      const rest: Ref[] = [{ ...d.ref(), mark: other }, d.ref(d.index()), d.ref()]

      for (const ref of [listed, visitor, ...rest]) await d.create(ref)
      expect(await d.standing(listed)).toEqual('found')

      expect(await d.endMarked(mark)).toEqual(true)
      for (const ref of [listed, visitor]) {
        expect(await d.read(ref)).toEqual({ is: 'ended' })
        expect(await d.replace(ref, '1')).toEqual({ is: 'ended' })
      }

      for (const ref of rest) expect(await d.standing(ref)).toEqual('found')
    })

    that('ends a session that begins after its mark ended', async (d) => {
      if (!d.hasMarks) return

      const mark = d.index()
      await d.endMarked(mark)

      const made: Ref = { ...d.ref(d.index()), mark }
      await d.create(made)
      expect(await d.standing(made)).toEqual('ended')

      const old = d.ref()
      await d.create(old)

      const next: Ref = { ...d.ref(d.index()), mark }
      await d.rotate(old, d.row(next))
      expect(await d.standing(next)).toEqual('ended')
    })

    that('holds for as long as was asked, also when a shorter life is asked later', async (d) => {
      if (!d.hasMarks) return

      const mark = d.index()
      await d.endMarked(mark, { life: 10 * minutes })
      await d.endMarked(mark, { life: minutes })
      await d.pass(5 * minutes)

      const ref: Ref = { ...d.ref(), mark }
      await d.create(ref)
      expect(await d.standing(ref)).toEqual('ended')

      await d.pass(5 * minutes + seconds)
      expect(await d.standing(ref)).toEqual('found')
    })

    that('takes a message once, and changes nothing when it comes again', async (d) => {
      if (!d.hasMarks) return

      const [first, second] = [d.index(), d.index()]
      const once = { id: d.index(), life: defaults.life }
      expect(await d.endMarked(first, { once })).toEqual(true)
      expect(await d.endMarked(second, { once })).toEqual(false)

      const ref: Ref = { ...d.ref(), mark: second }
      await d.create(ref)
      expect(await d.standing(ref)).toEqual('found')
    })

    // The answer was lost, and the client sends the call again: its own message is no message that came before.
    that('sent again answers as before, and another call with its message does not', async (d) => {
      if (!d.hasMarks) return

      const mark = d.index()
      const call = { once: { id: d.index(), life: defaults.life }, write: d.write() }
      expect(await d.endMarked(mark, call)).toEqual(true)
      expect(await d.endMarked(mark, { ...call, write: d.write() })).toEqual(false)
      await d.pass(30 * seconds)
      expect(await d.endMarked(mark, call)).toEqual(true)
      expect(await d.endMarked(mark, { once: call.once })).toEqual(false)

      const ref: Ref = { ...d.ref(), mark }
      await d.create(ref)
      expect(await d.standing(ref)).toEqual('ended')
    })
  })
}
