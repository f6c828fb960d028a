import { describe, expect, it } from 'vitest'
import { compareExports, doorFaults, needsUpstash } from '../../../tools/check/rules/package.ts'

describe('export lists', () => {
  const written = { '.': { values: ['a', 'b'], types: ['T'] } }

  it.each([
    ['nothing new', written, []],
    ['a new value', { '.': { values: ['a', 'b', 'c'], types: ['T'] } }, ['. exports c: new']],
    ['a lost value', { '.': { values: ['a'], types: ['T'] } }, ['. exports b: gone']],
    [
      'a renamed type',
      { '.': { values: ['a', 'b'], types: ['U'] } },
      ['. exports U: new', '. exports T: gone'],
    ],
    [
      'a value that became a type',
      { '.': { values: ['a'], types: ['T', 'b'] } },
      ['. exports b: gone', '. exports b: new'],
    ],
    ['a new door', { ...written, './x': { values: ['x'], types: [] } }, ['./x exports x: new']],
    ['a lost door', {}, ['. exports a: gone', '. exports b: gone', '. exports T: gone']],
  ])('see %s', (_, found, faults) => {
    expect(compareExports(written, found)).toEqual(faults)
  })
})

describe('a bundle', () => {
  const at = 'node_modules/portcullis/dist/x.js'
  it.each([
    [
      './session',
      ['node_modules/bowser/x.js', '../repo/node_modules/jose/dist/index.js'],
      ['./session brings jose'],
    ],
    ['./headers', ['node_modules/@upstash/redis/x.js'], ['./headers brings @upstash/redis']],
    ['./headers', ['node_modules/uncrypto/x.js'], ['./headers brings @upstash/redis']],
    ['./crypto', ['node_modules/hono/x.js'], ['./crypto brings hono']],
    ['./cookie', ['node_modules\\hono\\x.js'], ['./cookie brings hono']],
    ['./gateway', ['node_modules/jose/x.js'], ['./gateway brings jose']],
    ['./vercel', ['node_modules/jose/x.js'], []],
    ['./vercel', [], ['./vercel no longer brings jose: say so']],
    [
      './limit/upstash',
      ['node_modules/@upstash/ratelimit/x.js', 'node_modules/@upstash/core-analytics/x.js'],
      [],
    ],
    [
      './session',
      ['node_modules/bowser/x.js', 'node_modules/hono/node_modules/lodash/x.js'],
      ['./session brings lodash'],
    ],
    [
      './new',
      [],
      ['./new has no line in tools/check/rules/package.ts: what may it bring, what may it weigh?'],
    ],
  ])('of %s with %j', (door, inputs, faults) => {
    expect(doorFaults(door, { inputs: [at, ...inputs], text: '', bytes: 1 })).toEqual(faults)
  })

  it.each([
    ['./headers', 'x={alg:"ES256"}', ['./headers holds the word ES256']],
    ['./gateway', 'x={alg:"ES256"}', []],
    ['./headers', 'verb:"evalsha"', ['./headers holds the word evalsha']],
    ['./store', 'import("node:crypto")', ['./store holds the word node:']],
    ['./cookie', 'process.env.X', ['./cookie holds the word process.']],
  ])('of %s with the words %s', (door, text, faults) => {
    const inputs = door === './vercel' ? ['node_modules/jose/x.js'] : []
    expect(doorFaults(door, { inputs, text, bytes: 1 })).toEqual(faults)
  })

  it('that is too heavy', () => {
    expect(doorFaults('./cookie', { inputs: [], text: '', bytes: 100_000 })).toEqual([
      './cookie weighs 100000 bytes after gzip, more than 4050',
    ])
  })

  it('needs the optional peers behind the one door to their algorithms', () => {
    expect(
      ['.', './session', './redis', './store/upstash', './limit/upstash'].filter(needsUpstash),
    ).toEqual(['./limit/upstash'])
  })
})
