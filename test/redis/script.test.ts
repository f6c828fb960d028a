import { describe, expect, it } from 'vitest'
import { script } from '../../src/redis/index.ts'

describe('a script', () => {
  const one = script('session-read', "return redis.call('GET', KEYS[1])")

  it('is sent with the flag of Upstash on its first line and its name on the second', () => {
    expect(one.text(false)).toBe(
      "#!lua flags=allow-key-locking\n-- session-read\nreturn redis.call('GET', KEYS[1])",
    )
  })

  it('has the same lines without the flag', () => {
    expect(one.text(true)).toBe("-- session-read\n\nreturn redis.call('GET', KEYS[1])")
  })

  // printf '...' | sha1sum
  it('is known by the SHA-1 of what is sent, worked out once', async () => {
    expect(await one.digest(false)).toBe('3f3de2c83f89a1d7f327479f4777f1a0dabd7dcf')
    expect(one.digest(false)).toBe('3f3de2c83f89a1d7f327479f4777f1a0dabd7dcf')
    expect(await one.digest(true)).toBe('069027d578566be1b9de690fdb63f194d19b34d3')
    expect(one.digest(true)).toBe('069027d578566be1b9de690fdb63f194d19b34d3')
  })

  it.each(['', 'Session', 'a b', "a\nredis.call('FLUSHALL')", '-a', 'a'.repeat(65)])(
    'may not be named %j',
    (name) => {
      expect(() => script(name, 'return 1')).toThrow(
        'script.name must begin with a lower-case letter and hold at most 64 letters, digits and dashes',
      )
    },
  )

  it.each(['#!lua\nreturn 1', '\n #!lua flags=no-writes\nreturn 1'])(
    'may not bring a #! line: %j',
    (source) => {
      expect(() => script('a', source)).toThrow(
        'script.source must not begin with a #! line, because one is added',
      )
    },
  )
})
