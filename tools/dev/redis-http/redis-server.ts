/** A private redis-server: on a unix socket or a port of its own, with nothing on disk, gone when its owner is. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { openRedis, type RedisPlace } from './resp.ts'

export interface RedisServer {
  readonly pid: number
  /** Path of its unix socket. */
  readonly socket: string
  /** Settles when it is gone, for whatever reason. */
  readonly ended: Promise<unknown>
  stop(): Promise<void>
}

/** Where redis-server is, or undefined. `REDIS_SERVER_PATH` goes first, then PATH. */
export function findRedisServer(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return [
    process.env.REDIS_SERVER_PATH ?? '',
    ...folders.map((folder) => join(folder, 'redis-server')),
  ].find(runs)
}

/** Finds it, or installs it where that is a matter of one command: on Debian, as root. */
export function obtainRedisServer(): string | undefined {
  const found = findRedisServer()
  if (found || process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return found

  const options = {
    stdio: 'ignore',
    // Its service must not start: nobody asked for a Redis on port 6379.
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1', SYSTEMD_OFFLINE: '1' },
  } as const

  // Several test files may come here at once.
  const install = [
    '-o',
    'DPkg::Lock::Timeout=120',
    'install',
    '-y',
    '--no-install-recommends',
    'redis-server',
  ]

  try {
    execFileSync('apt-get', install, options)
  } catch {
    try {
      execFileSync('apt-get', ['update'], options)
      execFileSync('apt-get', install, options)
    } catch {} // no network: whoever asked says what that means
  }

  return findRedisServer()
}

/** Starts one. Rejects with what it printed when it does not answer within 10 s. */
export async function startRedisServer(path: string): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-redis-'))
  const socket = join(folder, 'redis.sock')
  const child = spawn(
    path,
    // No configuration file, no port, nothing written, and full means full (`noeviction`), as sessions need it.
    ['-', '--port', '0', '--unixsocket', socket, '--dir', folder].concat([
      '--save',
      '',
      '--appendonly',
      'no',
      '--maxmemory-policy',
      'noeviction',
      '--loglevel',
      'warning',
    ]),
    { stdio: ['pipe', 'pipe', 'pipe'] },
  )

  child.stdin.end()
  let said = ''
  child.stdout.on('data', (chunk) => (said += chunk))
  child.stderr.on('data', (chunk) => (said += chunk))

  const kill = (): boolean => child.kill('SIGKILL')
  process.once('exit', kill)

  let ended = false
  const gone = once(child, 'close')
    .catch((error) => (said += error))
    .finally(() => {
      ended = true
      process.off('exit', kill)
      rmSync(folder, { recursive: true, force: true })
    })

  const until = Date.now() + 10_000
  while (!(await answers({ path: socket }))) {
    if (ended || Date.now() > until) {
      kill()
      await gone
      throw new Error(`redis-server did not start:\n${said}`)
    }

    await new Promise((done) => setTimeout(done, 5))
  }

  return {
    pid: child.pid ?? 0,
    socket,
    ended: gone,
    async stop(): Promise<void> {
      kill()
      await gone
    },
  }
}

async function answers(place: RedisPlace): Promise<boolean> {
  try {
    const connection = await openRedis(place)
    await connection.send([['PING']])
    connection.close()

    return true
  } catch {
    return false
  }
}

function runs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
