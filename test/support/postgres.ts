/** A real PostgreSQL for one test file: a private cluster on loopback, empty, gone when its owner is. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'

/** Where `initdb` and `postgres` are, as Debian's packages put them. */
function findPrograms(): string | undefined {
  const place = '/usr/lib/postgresql'
  const versions = existsSync(place) ? readdirSync(place) : []
  return versions
    .sort((one, other) => Number(other) - Number(one))
    .map((version) => join(place, version, 'bin'))
    .find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')))
}

/** Finds them, or installs them where that is a matter of one command: on Debian, as root. */
function obtainPrograms(): string | undefined {
  const folder = findPrograms()
  if (folder || process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return folder

  // Its service must not start: nobody asked for a database on port 5432.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const options = { stdio: 'ignore', env } as const
  const install = ['-o', 'DPkg::Lock::Timeout=120', 'install', '-y', 'postgresql']
  try {
    execFileSync('apt-get', ['update'], options)
    execFileSync('apt-get', install, options)
  } catch {} // no network: whoever asked says what that means
  return findPrograms()
}

const programs = obtainPrograms()

/** For `describe.skipIf`: there is no PostgreSQL, and this is a development machine, where that is no fault. */
export const noPostgres: boolean = programs === undefined && !process.env.CI

if (noPostgres)
  console.warn('No PostgreSQL: every test that needs one is SKIPPED. apt-get install postgresql')

export interface TestPostgres {
  readonly port: number
  /** `postgres://...`, without a password. */
  readonly url: string
  readonly pool: pg.Pool
  stop(): Promise<void>
}

/** As `postgres` where this is root, whom the server refuses. */
function findOwner(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const read = (flag: string): number => Number(`${execFileSync('id', [flag, 'postgres'])}`)
  return { uid: read('-u'), gid: read('-g') }
}

/** Starts a cluster of its own. Whoever starts it stops it. */
export async function startPostgres(): Promise<TestPostgres> {
  if (programs === undefined) throw new Error('no PostgreSQL: apt-get install postgresql')
  const owner = findOwner()
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-postgres-'))
  if (owner.uid !== undefined && owner.gid !== undefined) chownSync(folder, owner.uid, owner.gid)
  const data = join(folder, 'data')
  const init = ['-D', data, '-U', 'tester', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
  execFileSync(join(programs, 'initdb'), init, { ...owner, stdio: 'ignore', cwd: folder })

  const port = await findFreePort()
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: folder,
    fsync: 'off',
    max_connections: 60,
    // A test kills what waits in a circle long before anybody notices.
    deadlock_timeout: '200ms',
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const child = spawn(join(programs, 'postgres'), ['-D', data, ...flags], {
    ...owner,
    stdio: 'ignore',
    cwd: folder,
  })
  const ended = once(child, 'exit')
  const kill = (): boolean => child.kill('SIGQUIT')
  process.once('exit', kill)

  const url = `postgres://tester@127.0.0.1:${port}/postgres`
  const pool = new pg.Pool({ connectionString: url, max: 20 })
  pool.on('error', () => {}) // connections that end with the server
  await waitUntilReady(pool, ended)

  return {
    port,
    url,
    pool,
    async stop(): Promise<void> {
      await pool.end()
      kill()
      await ended
      process.off('exit', kill)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function waitUntilReady(pool: pg.Pool, ended: Promise<unknown>): Promise<void> {
  let running = true
  void ended.then(() => {
    running = false
  })
  for (let tries = 0; tries < 600; tries++) {
    try {
      await pool.query('SELECT 1')
      return
    } catch {
      if (!running) throw new Error('postgres ended while it started')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  throw new Error('postgres did not start')
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
