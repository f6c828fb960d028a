import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findRedisServer, startRedisServer } from '../../../tools/dev/redis-http/redis-server.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'

describe.skipIf(noRedis)('a Redis for one test file', () => {
  let redis: TestRedis
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(() => redis.stop())

  it('shows all it holds, by type, with what is left of its life', async () => {
    await redis.raw.call('SET', 'a', '1', 'PX', 5000)
    await redis.raw.call('HSET', 'b', 'f', 'x', 'g', 2)
    await redis.raw.call('ZADD', 'c', 1732100000000, 'm')
    await redis.raw.call('SADD', 'd', 'y', 'x')
    await redis.raw.call('RPUSH', 'e', 'y', 'x')
    const held = await redis.raw.dump()
    expect(held).toEqual({
      a: { type: 'string', ttl: expect.any(Number), value: '1' },
      b: { type: 'hash', ttl: -1, value: { f: 'x', g: '2' } },
      c: { type: 'zset', ttl: -1, value: { m: '1732100000000' } },
      d: { type: 'set', ttl: -1, value: ['x', 'y'] },
      e: { type: 'list', ttl: -1, value: ['y', 'x'] },
    })
    expect(held.a?.ttl).toBeGreaterThan(1000)
    expect(await redis.raw.text()).toContain('"f":"x"')
  })

  it('is empty after a flush: no key, no script, no fault, no count', async () => {
    await redis.raw.call('SET', 'a', '1')
    const digest = `${await redis.raw.call('SCRIPT', 'LOAD', 'return 1')}`
    redis.control.fault({ kind: 'error-html' })
    await fetch(redis.url)
    await redis.flush({ keepScripts: true })
    expect(await redis.raw.call('SCRIPT', 'EXISTS', digest)).toEqual([1])
    await redis.flush()
    expect(await redis.raw.dump()).toEqual({})
    expect(await redis.raw.call('SCRIPT', 'EXISTS', digest)).toEqual([0])
    expect(redis.control.requests).toBe(0)
    const response = await fetch(`${redis.url}/ping`, {
      headers: { Authorization: `Bearer ${redis.token}` },
    })
    expect(response.status).toBe(200)
  })

  it('drops at a flush what waits: no request of one test is executed in the next', async () => {
    const ask = (path: string): Promise<unknown> =>
      fetch(redis.url + path, { headers: { Authorization: `Bearer ${redis.token}` } }).then(
        () => 'answered',
        () => 'dropped',
      )
    redis.control.reset()
    const hold = redis.control.hold({ command: 'SET' })
    redis.control.fault({ kind: 'delay', ms: 60_000 }, { match: { command: 'INCR' } })
    const waiting = [ask('/set/a/1'), ask('/incr/b')]
    await hold.arrived
    while (redis.control.requests < 2) await new Promise((done) => setTimeout(done, 1))
    await redis.flush()
    expect(await Promise.all(waiting)).toEqual(['dropped', 'dropped'])
    expect(await redis.raw.dump()).toEqual({})
  })

  it('answers no port, writes nothing to disk, evicts nothing', async () => {
    for (const [name, value] of [
      ['port', '0'],
      ['save', ''],
      ['appendonly', 'no'],
      ['maxmemory-policy', 'noeviction'],
    ]) {
      expect(await redis.raw.call('CONFIG', 'GET', name ?? '')).toEqual([name, value])
    }
  })

  it('is gone with its folder when it is stopped', async () => {
    const server = await startRedisServer(findRedisServer() ?? '')
    expect(existsSync(server.socket)).toBe(true)
    await server.stop()
    expect(existsSync(server.socket)).toBe(false)
    expect(() => process.kill(server.pid, 0)).toThrow('ESRCH')
  })

  it('that does not start says why', async () => {
    await expect(startRedisServer(process.execPath)).rejects.toThrow('redis-server did not start')
    await expect(startRedisServer('/no/such/file')).rejects.toThrow('ENOENT')
  })
})

describe.skipIf(noRedis)('node tools/dev/redis-http.ts', () => {
  it('starts a Redis of its own, says where it is, and takes it along', async () => {
    const child = spawn(
      process.execPath,
      ['tools/dev/redis-http.ts', '--token', 'for-development'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    const ended = once(child, 'exit')
    let said = ''
    while (!said.includes('TOKEN=')) said += `${(await once(child.stdout, 'data'))[0]}`
    const url = /^UPSTASH_REDIS_REST_URL=(.+)$/m.exec(said)?.[1] ?? ''
    expect(said).toContain('UPSTASH_REDIS_REST_TOKEN=for-development')
    const ask = (path: string): Promise<Response> =>
      fetch(url + path, { headers: { Authorization: 'Bearer for-development' } })
    const info = ((await (await ask('/info/server')).json()) as { result: string }).result
    const pid = Number(/process_id:(\d+)/.exec(info)?.[1])
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })
})
