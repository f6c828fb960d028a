/** `portcullis provider`: the development provider beside a command. */
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'

function portcullis(...args: string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['cli/main.ts', ...args], {
    encoding: 'utf8',
  })
  return { status, out: stdout, err: stderr }
}

async function findPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}

describe('portcullis provider', () => {
  it('ends with its command, and with the status of that', async () => {
    const port = `${await findPort()}`
    const program = `fetch('http://localhost:${port}/.well-known/openid-configuration')
      .then((response) => response.json())
      .then(({ issuer }) => { console.log('issuer', issuer); process.exitCode = 7 })`
    const ended = portcullis('provider', '--port', port, '--', process.execPath, '-e', program)
    expect(ended).toMatchObject({ status: 7, err: '' })
    expect(ended.out).toContain(`issuer http://localhost:${port}`)
  })

  it('names a port that is in use, and takes no gateway of another machine', async () => {
    const server = createServer().listen(0, 'localhost')
    await once(server, 'listening')
    const address = server.address() as { port: number }
    expect(portcullis('provider', '--port', `${address.port}`)).toMatchObject({
      status: 1,
      err: expect.stringContaining(`Port ${address.port} is in use`),
    })
    server.close()
    for (const args of [
      ['--port', 'x'],
      ['--port', '0'],
      ['--prot', '1'],
      ['--gateway', 'http://a.example/path'],
      ['--gateway', 'https://a.example'],
    ]) {
      expect(portcullis('provider', ...args)).toMatchObject({ status: 2, out: '' })
    }
  })
})
