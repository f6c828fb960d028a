import { describe, expect, it } from 'vitest'
import { compareExports, needsUpstash, strangers } from '../../../tools/package.ts'

describe('export lists', () => {
  const written = { '.': { values: ['a', 'b'], types: ['T'] } }

  it.each([
    ['nothing new', written, []],
    ['a new value', { '.': { values: ['a', 'b', 'c'], types: ['T'] } }, ['. exports c: new']],
    ['a lost value', { '.': { values: ['a'], types: ['T'] } }, ['. exports b: gone']],
    ['a renamed type', { '.': { values: ['a', 'b'], types: ['U'] } }, ['. exports U: new', '. exports T: gone']],
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
  it.each([
    ['./session', ['node_modules/portcullis/dist/session/index.js', '../repo/node_modules/hono/dist/cookie.js'], []],
    ['./session', ['../repo/node_modules/jose/dist/index.js'], ['./session brings jose into a bundle']],
    ['./headers', ['node_modules/@upstash/redis/x.js'], ['./headers brings @upstash/redis into a bundle']],
    ['./page', ['node_modules/jose/x.js'], ['./page brings jose into a bundle']],
    ['./crypto', ['node_modules/hono/x.js'], ['./crypto brings hono into a bundle']],
    ['./cookie', ['node_modules\\hono\\x.js'], ['./cookie brings hono into a bundle']],
    ['./gateway', ['node_modules/jose/x.js', 'node_modules/hono/y.js'], []],
    ['./gateway', ['node_modules/@upstash/redis/x.js'], ['./gateway brings @upstash/redis into a bundle']],
    ['./redis', ['node_modules/@upstash/redis/x.js'], ['./redis brings @upstash/redis into a bundle']],
    ['./limit/upstash', ['node_modules/@upstash/ratelimit/x.js', 'node_modules/@upstash/core-analytics/x.js'], []],
    ['.', ['node_modules/hono/node_modules/lodash/x.js'], ['. brings lodash into a bundle']],
  ])('of %s with %j', (door, inputs, faults) => {
    expect(strangers(door, inputs)).toEqual(faults)
  })

  it('needs the optional peers behind the one door to their algorithms', () => {
    expect(['.', './session', './redis', './store/upstash', './limit/upstash'].filter(needsUpstash)).toEqual([
      './limit/upstash',
    ])
  })
})
