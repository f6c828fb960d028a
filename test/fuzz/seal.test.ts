import fc from 'fast-check'
import { defaults, seal as sealIron } from 'iron-webcrypto'
import { describe, expect } from 'vitest'
import { openIron } from '../../src/crypto/index.ts'
import { sealerOf, second } from '../crypto/support.ts'
import { damaged, holds, near } from './support.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/* '
const json = fc.json({ maxDepth: 3 })

describe('seals', () => {
  holds(
    'give back what went in, to the key that made them alone',
    300,
    fc.asyncProperty(json, async (text) => {
      const token = await sealerOf().seal(text)
      expect(await sealerOf().open(token)).toSatisfy(
        (found: string) => found.trimEnd() === text.trimEnd(),
      )
      for (const other of [
        sealerOf(second),
        sealerOf(undefined, { name: '__Host-other' }),
        sealerOf(undefined, { purpose: 'record' }),
        sealerOf(undefined, { audience: 'staging' }),
      ]) {
        expect(typeof (await other.open(token))).toBe('object')
      }
    }),
  )

  holds(
    'do not open once a character was replaced, put in, taken out, swapped or doubled',
    1000,
    fc.asyncProperty(
      fc
        .string({ maxLength: 40 })
        .chain((text) => fc.tuple(fc.constant(JSON.stringify(text)), fc.infiniteStream(fc.nat()))),
      fc.gen(),
      async ([text], gen) => {
        const token = await sealerOf().seal(text)
        const wrong = gen(() => damaged(token, alphabet))
        expect(typeof (await sealerOf().open(wrong))).toBe('object')
      },
    ),
  )

  holds(
    'are not made of the halves of two',
    200,
    fc.asyncProperty(
      fc.json(),
      fc.json(),
      fc.integer({ min: 0, max: 4 }),
      async (one, other, at) => {
        const [a, b] = [
          (await sealerOf().seal(one)).split('.'),
          (await sealerOf().seal(other)).split('.'),
        ]
        const mixed = a.map((part, i) => (i === at ? (b[i] as string) : part)).join('.')
        if (mixed !== a.join('.')) expect(typeof (await sealerOf().open(mixed))).toBe('object')
      },
    ),
  )

  holds(
    'are none of what merely looks like one',
    600,
    fc.asyncProperty(
      near([
        'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIi',
        '.',
        '..',
        'AAAA',
        '=',
        '-',
        '_',
        'eyJhbGciOiJub25lIn0',
      ]),
      async (text) => {
        expect(typeof (await sealerOf().open(text))).toBe('object')
      },
    ),
  )
})

describe('Iron seals', () => {
  const password = 'q8Tz3LmV7xWcR2bNp5KdJ9hYs4GfA6uE'

  holds(
    'of iron-webcrypto open, damaged ones do not, and nothing throws',
    60,
    fc.asyncProperty(fc.jsonValue({ maxDepth: 2 }), fc.gen(), async (value, gen) => {
      const token = await sealIron(value, password, defaults)
      const opened = await openIron(token, password, { clock: Date.now })
      const text = JSON.stringify(value)
      // As @hapi/iron does: a way to a prototype is no session.
      if (/"__proto__":/.test(text)) expect(opened).toHaveProperty('refused')
      else expect('json' in opened && opened.json).toBe(text)
      const wrong = gen(() => damaged(token, alphabet))
      expect(await openIron(wrong, password, { clock: Date.now })).toHaveProperty('refused')
    }),
  )
})
