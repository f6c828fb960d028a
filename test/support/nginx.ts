/** A real nginx that serves a folder: found on the machine, its own configuration and files, on loopback. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { freePort } from '../../tools/dev/free-port.ts'

const path = [
  process.env.NGINX_PATH ?? '',
  '/usr/sbin/nginx',
  '/usr/bin/nginx',
  '/opt/homebrew/bin/nginx',
].find((candidate) => candidate !== '' && existsSync(candidate))

/** For `describe.skipIf`: there is no nginx, and this is a development machine, where that is no fault. */
export const noNginx: boolean = path === undefined && !process.env.CI

if (noNginx) console.warn('NO NGINX: every test that needs one is SKIPPED. apt-get install nginx')

export interface Nginx {
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly url: string
  stop(): Promise<void>
}

/** Serves files, by path, with ranges, ETags and gzip. Whoever starts it stops it. */
export async function startNginx(
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<Nginx> {
  if (path === undefined) throw new Error('no nginx: install it (apt-get install nginx)')
  const at = mkdtempSync(join(tmpdir(), 'portcullis-nginx-'))
  for (const [name, content] of Object.entries(files)) {
    const file = join(at, 'html', name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
  }
  const port = await freePort()
  writeFileSync(join(at, 'nginx.conf'), config(at, port))
  const child = spawn(path, ['-p', at, '-c', join(at, 'nginx.conf'), '-e', join(at, 'error.log')], {
    stdio: 'inherit',
  })
  const kill = (): boolean => child.kill('SIGKILL')
  process.once('exit', kill)
  const gone = once(child, 'close').finally(() => {
    process.off('exit', kill)
    rmSync(at, { recursive: true, force: true })
  })
  await listening(port, gone)
  return {
    url: `http://127.0.0.1:${port}`,
    async stop(): Promise<void> {
      kill()
      await gone
    },
  }
}

function config(at: string, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${at}/temp;`,
  )
  return `daemon off;
master_process off;
pid ${at}/nginx.pid;
events { worker_connections 256; }
http {
  ${temporary.join('\n  ')}
  access_log off;
  types { text/html html; text/css css; text/javascript js; image/svg+xml svg; application/json json; }
  default_type application/octet-stream;
  gzip on;
  gzip_vary on;
  gzip_min_length 200;
  gzip_types text/css text/javascript application/json;
  server {
    listen 127.0.0.1:${port};
    root ${at}/html;
    location = /old { return 302 /; }
  }
}
`
}

async function listening(port: number, gone: Promise<unknown>): Promise<void> {
  let over = false
  gone.then(() => {
    over = true
  })
  for (let tries = 0; tries < 1_000 && !over; tries++) {
    const socket = connect(port, '127.0.0.1')
    const open = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (open) return
    await new Promise((done) => setTimeout(done, 25))
  }
  throw new Error('nginx did not start')
}
