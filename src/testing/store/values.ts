/**
 * Declares the tests that keys, list names and records may be any text and are returned unchanged.
 * `storeContract()` calls it. A store that breaks a promise fails the test of that name.
 */
import type { Ref } from '../../store/contract.ts'
import type { Check } from './contract.ts'

/** Names that a client or database might interpret. */
const odd = [
  '',
  ' ',
  'a b',
  'a\nb',
  'a\tb',
  '\u0000',
  'a:b',
  's:a',
  '{a}b',
  '*',
  '?',
  '[a]',
  '%s%.0f',
  '%',
  "'",
  '"',
  '\\',
  '/',
  '..',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'é',
  '钥匙',
  '🔑',
  '0',
  '1e3',
  'null',
]
/** Records that a client might parse. */
const records = [
  '',
  '0',
  '123',
  '1.0',
  'null',
  'true',
  '"text"',
  '{"a":1}',
  '[1]',
  'a b',
  'é🔑',
  '\u0000',
  'T0s=',
  'OK',
]

/** Declares the tests of keys, list names and records. */
export function valuePromises({ group, that, expect }: Check): void {
  group('names and records', () => {
    that('may be any text, and no two meet', async (d) => {
      const front = d.index()
      const refs: Ref[] = odd.flatMap((name) => [
        { key: `${front}-${name}` },
        { key: `${name}-${front}`, index: `${front}-${name}` },
        { key: `${name}+${front}+${name}`, index: `${name}-${front}` },
      ])

      for (const ref of refs)
        expect(await d.create(ref, { record: `record of ${ref.key}` })).toEqual('ok')
      for (const ref of refs) expect(await d.record(ref)).toEqual(`record of ${ref.key}`)

      for (const { key, index } of refs) {
        if (index === undefined) continue
        expect((await d.list(index)).map(({ record }) => record)).toEqual([`record of ${key}`])
      }

      for (const ref of refs) expect(await d.end(ref)).toEqual(true)
      for (const ref of refs) expect(await d.standing(ref)).toEqual('ended')
    })

    that('of a row and of a list may be the same', async (d) => {
      const name = d.index()
      const ref = { key: name, index: name }
      await d.create(ref, { record: 'row' })
      expect((await d.list(name)).map(({ record }) => record)).toEqual(['row'])
      expect(await d.endAll(name)).toEqual(1)
      expect(await d.standing(ref)).toEqual('ended')
    })

    that('come back unread, whatever they look like', async (d) => {
      for (const record of records) {
        const ref = d.ref(d.index())
        await d.create(ref, { record })
        expect(await d.record(ref)).toEqual(record)
        expect((await d.list(ref.index ?? '')).map((row) => row.record)).toEqual([record])

        const conflict = await d.replace(ref, '0')
        expect(conflict.is === 'conflict' && conflict.record).toEqual(record)
      }
    })

    that('come back whole at 32,000 bytes', async (d) => {
      const [ref, next] = [d.ref(), d.ref()]
      const large = (letter: string): string => letter.repeat(32_000)
      await d.create(ref, { record: large('a') })
      expect(await d.record(ref)).toEqual(large('a'))
      await d.replace(ref, '1', { record: large('b') })
      expect(await d.record(ref)).toEqual(large('b'))
      await d.rotate(ref, d.row(next, { record: large('c') }))
      expect(await d.record(next)).toEqual(large('c'))
    })
  })
}
