/** What a monitor sees in bare workerd, where a request whose client has left may run no further. */
import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type Origin, startOrigin } from '../../support/origin.ts'
import { rawFetch, rawRequest } from '../../support/raw.ts'
import { startWorkerd, type Workerd } from '../../support/workerd.ts'

let origin: Origin
let worker: Workerd
const start = (): Promise<Workerd> =>
  startWorkerd(
    { entry: 'test/node/gateway/monitor.fixture.ts' },
    { bindings: { PUBLIC_ORIGIN: 'http://gateway.test', UPSTREAM_URL: origin.url } },
  )
beforeAll(async () => {
  origin = await startOrigin()
  worker = await start()
})
afterAll(async () => {
  await worker.stop()
  await origin.stop()
})
let seen = 0
beforeEach(() => {
  origin.reset()
  seen = worker.stdout.length
})

function lines(): Array<Record<string, unknown>> {
  return worker.stdout.slice(seen).map((line) => JSON.parse(line))
}
const ask = (path: string) => rawFetch(worker.port, { path, host: `127.0.0.1:${worker.port}` })

it('tells of a request once, though the log fails after it', async () => {
  const answer = await ask('/page?secret=t0ken')
  expect([answer.status, answer.text]).toEqual([200, 'origin'])
  expect(answer.header('server-timing')).toMatch(/^gw;dur=\d+, origin;dur=\d+$/)
  await expect.poll(lines).toHaveLength(1)
  const [line] = lines()
  expect(line).toMatchObject({
    event: 'request',
    route: '/*',
    status: 200,
    upstream: 'app',
    upstreamStatus: 200,
  })
  expect(origin.last().header('traceparent')).toBe(`00-${line?.traceId}-${line?.spanId}-01`)
  expect(worker.stdout.join('')).not.toContain('t0ken')
  expect(worker.stderr).toEqual([])
})

// A proxy that counts clients who left as successes hides an upstream that hangs.
it('tells of a client that leaves while the upstream thinks, as 499', async () => {
  origin.answer(() => undefined)
  const socket = connect({ port: worker.port, host: '127.0.0.1' })
  socket.write(rawRequest({ path: '/slow', host: `127.0.0.1:${worker.port}` }))
  await origin.waitFor(1)
  // A mere FIN says that the client has no more to send; it may still be listening.
  socket.resetAndDestroy()
  await expect.poll(lines, { timeout: 5000 }).toHaveLength(1)
  expect(lines()[0]).toMatchObject({ status: 499, decision: 'left', route: '/*', level: 'info' })
  expect(worker.stderr).toEqual([])
})

it('asks the upstream once for 50 who ask whether it is ready, though none of them can wait for another', async () => {
  origin.answer(async () => {
    await new Promise((done) => setTimeout(done, 50))
    return { status: 204 }
  })
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask('/.portcullis/ready')))
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`))).toEqual(
    new Set(['200 {"ok":true}']),
  )
  expect(origin.received.map(({ url }) => url)).toEqual(['/probe'])
  expect(lines()).toEqual([])
})

// curl .../ready and away: the question ends with whoever asked, unfinished, and nothing says so.
it('asks the upstream once more for 30 who ask after a client that left before there was an answer', async () => {
  origin.answer(({ url }) =>
    url === '/probe' && origin.received.length === 1 ? undefined : { status: 204 },
  )
  const other = await start()
  const path = '/.portcullis/ready'
  const host = `127.0.0.1:${other.port}`
  const socket = connect({ port: other.port, host: '127.0.0.1' })
  socket.write(rawRequest({ path, host }))
  await origin.waitFor(1)
  socket.resetAndDestroy()
  const answers = await Promise.all(
    Array.from({ length: 30 }, () => rawFetch(other.port, { path, host })),
  )
  await other.stop()
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  expect(origin.received).toHaveLength(2)
})

it('looks on a schedule, and tells of a change', async () => {
  for (const status of [204, 503, 503, 200]) {
    origin.answer({ status })
    expect((await ask('/run-schedule')).text).toBe('done')
  }
  await expect.poll(lines).toEqual([
    { type: 'upstream-down', subject: 'app', reason: 'http-503' },
    { type: 'upstream-up', subject: 'app' },
  ])
})
