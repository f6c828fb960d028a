/** Firefox and WebKitGTK, driven by what they bring themselves: WebDriver BiDi and WebDriver. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { WebSocket } from 'ws'
import { freePorts } from '../../tools/dev/start-dev.ts'

/** A browser with one page. */
export interface DrivenBrowser {
  open(url: string): Promise<void>
  /** Runs a script in the page; what it resolves with comes back as text. */
  run(script: string): Promise<string>
  close(): Promise<void>
}

const miniBrowser = [
  '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser',
  '/usr/lib/aarch64-linux-gnu/webkit2gtk-4.1/MiniBrowser',
].find((path) => existsSync(path))

/** Starts Firefox, headless, with a profile of its own. */
export async function startFirefox(): Promise<DrivenBrowser> {
  const profile = mkdtempSync(join(tmpdir(), 'portcullis-firefox-'))
  const child = spawn(
    'firefox-esr',
    ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0'],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, HOME: profile } },
  )
  const address = await findLine(child.stderr, /WebDriver BiDi listening on (ws:\S+)/)
  const socket = new WebSocket(`${address}/session`)
  await once(socket, 'open')
  let last = 0
  const send = (method: string, params: object): Promise<Record<string, unknown>> => {
    const id = ++last
    const result = new Promise<Record<string, unknown>>((done, failed) => {
      const listen = (data: unknown): void => {
        const message = JSON.parse(`${data}`) as { id?: number; result?: never; error?: string }
        if (message.id !== id) return
        socket.off('message', listen)
        if (message.error === undefined) done(message.result ?? {})
        else failed(new Error(`${method}: ${data}`))
      }
      socket.on('message', listen)
    })
    socket.send(JSON.stringify({ id, method, params }))
    return result
  }
  await send('session.new', { capabilities: { alwaysMatch: { acceptInsecureCerts: true } } })
  const { contexts } = await send('browsingContext.getTree', {})
  const [{ context }] = contexts as [{ context: string }]
  return {
    open: async (url) =>
      void (await send('browsingContext.navigate', { context, url, wait: 'complete' })),
    async run(expression): Promise<string> {
      const answer = await send('script.evaluate', {
        expression,
        target: { context },
        awaitPromise: true,
      })
      return `${(answer.result as { value?: unknown } | undefined)?.value}`
    },
    async close(): Promise<void> {
      await send('browser.close', {}).catch(() => {})
      socket.close()
      await end(child)
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** Starts WebKitGTK's MiniBrowser on a screen of its own. */
export async function startWebKit(): Promise<DrivenBrowser> {
  if (miniBrowser === undefined)
    throw new Error('no MiniBrowser: apt-get install webkit2gtk-driver')
  const screen = spawn(
    'Xvfb',
    ['-displayfd', '1', '-screen', '0', '800x600x24', '-nolisten', 'tcp'],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  )
  const display = await findLine(screen.stdout, /^(\d+)$/m)
  const { gateway: port } = await freePorts()
  const driver = spawn('WebKitWebDriver', [`--port=${port}`], {
    stdio: 'ignore',
    env: { ...process.env, DISPLAY: `:${display}`, WEBKIT_DISABLE_COMPOSITING_MODE: '1' },
  })
  const ask = async (method: string, path: string, body?: object): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      ...(body && { body: JSON.stringify(body) }),
    })
    const { value } = (await response.json()) as { value: unknown }
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(value)}`)
    return value
  }
  const options = { binary: miniBrowser, args: ['--automation'] }
  const capabilities = {
    alwaysMatch: { acceptInsecureCerts: true, 'webkitgtk:browserOptions': options },
  }
  const { sessionId } = (await retry(() => ask('POST', '/session', { capabilities }))) as {
    sessionId: string
  }
  const at = `/session/${sessionId}`
  return {
    open: async (url) => void (await ask('POST', `${at}/url`, { url })),
    async run(script): Promise<string> {
      const source = `const done = arguments[0]; Promise.resolve(${script}).then(done, done)`
      return `${await ask('POST', `${at}/execute/async`, { script: source, args: [] })}`
    },
    async close(): Promise<void> {
      await ask('DELETE', at).catch(() => {})
      await end(driver)
      await end(screen)
    },
  }
}

async function findLine(stream: Readable, pattern: RegExp): Promise<string> {
  let text = ''
  stream.setEncoding('utf8')
  for await (const part of stream.iterator({ destroyOnReturn: false })) {
    text += part
    const found = pattern.exec(text)?.[1]
    if (found !== undefined) {
      stream.resume()
      return found
    }
  }
  throw new Error(`ended without ${pattern}: ${text.slice(-2000)}`)
}

/** The port of a driver opens a moment after its start. */
async function retry<T>(work: () => Promise<T>): Promise<T> {
  for (let i = 0; ; i++) {
    try {
      return await work()
    } catch (error) {
      if (i === 50 || !(error instanceof TypeError)) throw error
      await new Promise((done) => setTimeout(done, 100))
    }
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill()
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
  await gone
  clearTimeout(timer)
}
