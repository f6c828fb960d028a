/** A redis-server that keeps what it acknowledged (`appendfsync always`), to be killed and started again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findRedisServer } from '../../tools/dev/redis-http/redis-server.ts'
import { openRedis } from '../../tools/dev/redis-http/resp.ts'

export interface DurableRedis {
  readonly socket: string
  /** Kills it as a power cut would. */
  kill(): Promise<void>
  /** Stops it where it is (SIGSTOP): connections stay open, and nothing is answered. */
  pause(): void
  /** Lets it go on. */
  resume(): void
  /** Starts it on what it had written. */
  start(): Promise<void>
  stop(): Promise<void>
}

/** Makes one; it does not run yet. */
export function durableRedis(): DurableRedis {
  const path = findRedisServer()
  if (path === undefined)
    throw new Error('no redis-server: install it (apt-get install redis-server)')
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-soak-'))
  const socket = join(folder, 'redis.sock')
  let child: ChildProcess | undefined
  const end = (): boolean => child?.kill('SIGKILL') ?? false
  process.once('exit', end)

  async function kill(): Promise<void> {
    if (child === undefined) return
    const gone = once(child, 'close')
    end()
    await gone
    child = undefined
  }
  return {
    socket,
    kill,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    async start(): Promise<void> {
      const options = [
        '--port',
        '0',
        '--unixsocket',
        socket,
        '--dir',
        folder,
        '--save',
        '',
        '--appendonly',
        'yes',
      ]
      child = spawn(
        path,
        ['-', ...options, '--appendfsync', 'always', '--maxmemory-policy', 'noeviction'],
        {
          stdio: ['pipe', 'ignore', 'inherit'],
        },
      )
      child.stdin?.end()
      for (let tries = 0; ; tries++) {
        try {
          const connection = await openRedis({ path: socket })
          const [pong] = await connection.send([['PING']])
          connection.close()
          if (`${(pong as { text?: string }).text}` === 'PONG') return
        } catch {
          if (tries > 500) throw new Error('redis-server did not start')
        }
        await new Promise((done) => setTimeout(done, 20))
      }
    },
    async stop(): Promise<void> {
      process.off('exit', end)
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
