/** What the live part of the console sends: the parts that changed, and nothing that is anybody's secret. */
import { expect, test } from 'vitest'
import { gatewayConsole } from '../../../src/gateway/index.ts'
import { storedSessions } from '../../../src/session/index.ts'
import { memoryStore } from '../../../src/store/index.ts'
import { type Bench, bench, type Data, secret, signIn } from '../support.ts'

const path = '/.portcullis/console'
const secrets = {
  path: 'p4th-s3cret',
  query: 'qu3ry-s3cret',
  body: 'b0dy-s3cret',
  header: 'h3ader-s3cret',
  token: 'Bearer t0ken-s3cret',
  email: 'ada@example.com',
  address: '203.0.113.77',
}

async function consoleBench(): Promise<Bench> {
  return bench({
    session: storedSessions<Data>({ secret, store: memoryStore(), user: (data) => data.user }),
    console: gatewayConsole<Data>({ access: { role: 'admin' } }),
  })
}

/** Reads the stream until it has said so much, and cancels it. */
async function readFrames(
  response: Response,
  isEnough: (text: string) => boolean,
  during: () => Promise<unknown> = async () => {},
): Promise<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  let hasRun = false
  while (reader !== undefined && !isEnough(text)) {
    const { done, value } = await reader.read()
    if (done) break
    text += value
    if (!hasRun && text.includes('event: part')) {
      hasRun = true
      await during()
    }
  }
  await reader?.cancel()
  return text
}

test('no frame holds a path, a query, a body, a cookie, a token, an e-mail or a whole address', async () => {
  const at = await consoleBench()
  const cookie = await signIn(at, { user: secrets.email, roles: ['admin'] })
  const live = await at.ask(`${path}/live`, { headers: { cookie } })
  expect(live.headers.get('content-type')).toBe('text/event-stream')

  const frames = await readFrames(
    live,
    (text) => text.includes('img-src'),
    async () => {
      await at.ask(`/admin/${secrets.path}?q=${secrets.query}&mail=${secrets.email}`, {
        method: 'POST',
        body: `password=${secrets.body}`,
        headers: {
          cookie,
          authorization: secrets.token,
          'x-anything': secrets.header,
          'cf-connecting-ip': secrets.address,
          'user-agent': secrets.email,
        },
      })
      await at.ask(`/%2f${secrets.path}`, { headers: { referer: `https://x/${secrets.query}` } })
      await at.ask('/.portcullis/reports', {
        method: 'POST',
        body: JSON.stringify({
          'csp-report': {
            'effective-directive': 'img-src',
            'blocked-uri': `https://cdn.example/${secrets.path}?${secrets.email}`,
            disposition: 'report',
          },
        }),
      })
    },
  )

  expect(frames).toContain('/admin/*')
  expect(frames).toContain('203.0.113.0/24')
  expect(frames).toContain('https://cdn.example')
  const held = [...Object.values(secrets), cookie, cookie.split('=')[1] ?? '', secret]
  for (const text of held) expect(frames, text).not.toContain(text)
  expect(frames).not.toMatch(/[\w.+-]+@[\w-]+\.\w+/)
  expect(frames).not.toContain('csrf_token')
})

test('after the first look only what changed is sent', async () => {
  const at = await consoleBench()
  const cookie = await signIn(at, { user: 'ada', roles: ['admin'] })
  const minute = (): number => Math.floor(Date.now() / 60_000)
  let [frames, begin] = ['', -1]
  // Parts that count by the minute change where a new one begins between two looks.
  while (begin !== minute()) {
    begin = minute()
    const live = await at.ask(`${path}/live`, { headers: { cookie } })
    frames = await readFrames(live, (text) => text.includes('nothing new'))
  }
  const names = [...frames.matchAll(/"name":"(\w+)"/g)].map(([, name]) => name)
  expect(names).toEqual([
    'traffic',
    'refusals',
    'limits',
    'logins',
    'upstreams',
    'requests',
    'reports',
  ])
})
