import { describe, expect, it } from 'vitest'
import { matchCoding, narrowAccepted, readCodings, runtimeRules } from '../../src/proxy/codings.ts'

const undici = runtimeRules('Node.js/24')
const edge = runtimeRules('')
const deno = runtimeRules('Deno/2.9.5')
const bun = runtimeRules('Bun/1.4.4')
const workerd = runtimeRules('Cloudflare-Workers')

const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => new Uint8Array(values)

function coded(coding: string, body: BodyInit = 'decoded', status = 200): Response {
  const response = new Response(body, { status, headers: { 'content-type': 'text/plain' } })
  for (const name of [
    'content-length',
    'content-digest',
    'repr-digest',
    'digest',
    'content-md5',
    'etag',
  ]) {
    response.headers.set(name, '1')
  }
  response.headers.set('content-encoding', coding)
  return response
}

describe('Content-Encoding', () => {
  // What each fetch does was seen on a socket: test/fidelity runs it.
  it.each([
    ['gzip', true, true],
    ['GZIP', true, true],
    ['br', true, true],
    ['x-gzip', true, false],
    ['deflate', true, false],
    ['gzip, br', true, false],
    ['gzip, foo', false, false],
    ['identity, gzip', false, false],
    ['foo', false, false],
    ['compress', false, false],
    ['identity', false, false],
    ['', false, false],
  ])('P1: %j is dropped exactly where the runtime decodes it', async (coding, byUndici, byDeno) => {
    for (const [rules, decoded] of [
      [undici, byUndici],
      [edge, byUndici],
      [deno, byDeno],
      [bun, false],
      [workerd, false],
    ] as const) {
      const { headers } = await matchCoding(coded(coding), 'GET', rules)
      expect(headers.get('content-encoding')).toBe(decoded ? null : coding)
      expect(headers.get('content-length')).toBe(decoded ? null : '1')
    }
  })

  it('P1: what speaks of the coded body goes with its coding, and the rest stays', async () => {
    const { headers } = await matchCoding(coded('gzip'), 'GET', undici)
    expect([...headers.keys()]).toEqual(['content-type', 'etag'])
  })

  // undici learned zstd in the middle of version 7: what it does cannot be told by the runtime's name.
  it.each([
    ['zstd', [0x28, 0xb5, 0x2f, 0xfd, 1, 2], 'zstd'],
    ['zstd', [104, 101, 108, 108, 111], null],
    ['zstd', [0x28], null],
    ['zstd, gzip', [0x1f, 0x8b, 8], 'zstd, gzip'],
    ['zstd, gzip', [104, 101], null],
  ])(
    'P1: %s is known by its first bytes on Node, and none of them is lost',
    async (coding, body, kept) => {
      const response = await matchCoding(coded(coding, bytes(...body)), 'GET', undici)
      expect(response.headers.get('content-encoding')).toBe(kept)
      expect([...new Uint8Array(await response.arrayBuffer())]).toEqual(body)
    },
  )

  it('P1: what cannot be told is not passed on', async () => {
    await expect(matchCoding(coded('zstd, br', bytes(1, 2)), 'GET', undici)).rejects.toMatchObject({
      code: 'ERR_UPSTREAM_UNREACHABLE',
    })
  })

  it('P1: a part of a coded file is not passed on where fetch has decoded it', async () => {
    await expect(matchCoding(coded('gzip', 'x', 206), 'GET', undici)).rejects.toMatchObject({
      code: 'ERR_UPSTREAM_UNREACHABLE',
    })
    expect(
      (await matchCoding(coded('gzip', 'x', 206), 'GET', workerd)).headers.get('content-encoding'),
    ).toBe('gzip')
  })

  it('P1: HEAD and 304 keep what they say of a body that they have not', async () => {
    const head = new Response(null, {
      headers: { 'content-encoding': 'gzip', 'content-length': '9' },
    })
    expect((await matchCoding(head, 'HEAD', undici)).headers.get('content-encoding')).toBe('gzip')
    const same = new Response(null, { status: 304, headers: { 'content-encoding': 'gzip' } })
    expect((await matchCoding(same, 'GET', undici)).headers.get('content-encoding')).toBe('gzip')
  })

  it('is read as a list of names', () => {
    expect(readCodings(new Headers({ 'content-encoding': ' GZip,, br ' }))).toEqual(['gzip', 'br'])
    expect(readCodings(new Headers())).toEqual([])
  })
})

describe('Accept-Encoding', () => {
  it.each([
    ['gzip, deflate, br, zstd', 'gzip, deflate, br', 'gzip, br'],
    ['gzip;q=0.5, *;q=0', 'gzip;q=0.5', 'gzip;q=0.5'],
    ['zstd', 'identity', 'identity'],
    ['*', 'identity', 'identity'],
    ['', 'identity', 'identity'],
    [undefined, 'identity', 'identity'],
    ['br;q=0', 'br;q=0', 'br;q=0'],
  ])('P1: %j asks only for what the runtime decodes', (sent, onNode, onDeno) => {
    for (const [rules, expected] of [
      [undici, onNode],
      [deno, onDeno],
      [workerd, sent],
      [bun, sent],
    ] as const) {
      const headers = new Headers(sent === undefined ? {} : { 'accept-encoding': sent })
      narrowAccepted(headers, rules)
      expect(headers.get('accept-encoding') ?? undefined).toBe(expected)
    }
  })

  it('P1: a part of a file is asked for without a coding', () => {
    const headers = new Headers({ 'accept-encoding': 'gzip', range: 'bytes=0-1' })
    narrowAccepted(headers, undici)
    expect(headers.get('accept-encoding')).toBe('identity')
  })
})
