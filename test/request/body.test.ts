import { describe, expect, it } from 'vitest'
import { readWholeBody } from '../../src/request/body/body.ts'
import { type BodyError, boundBody, checkBody, declaredLength } from '../../src/request/index.ts'

/** A body in chunks; what became of it stands in `events`. */
function source(...sizes: number[]) {
  const events: string[] = []
  const left = [...sizes]
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller): void {
        const size = left.shift()
        if (size === undefined) {
          events.push('ended')
          controller.close()
        } else {
          events.push(`read ${size}`)
          controller.enqueue(new Uint8Array(size))
        }
      },
      cancel(): void {
        events.push('cancelled')
      },
    },
    { highWaterMark: 0 },
  )
  return { body, events }
}

async function lengthOf(stream: ReadableStream<Uint8Array>): Promise<number> {
  let total = 0
  const reader = stream.getReader()
  for (let next = await reader.read(); !next.done; next = await reader.read())
    total += next.value.byteLength
  return total
}

const post = (
  headers: Record<string, string>,
  body: ReadableStream<Uint8Array> | null = source(1).body,
) => ({
  method: 'POST',
  headers: new Headers(headers),
  body,
})

describe('the length a request declares', () => {
  it.each([
    [undefined, undefined],
    ['0', 0],
    ['5', 5],
    ['0005', 5],
    ['999999999999999', 999_999_999_999_999],
    // printf 'POST / HTTP/1.1\r\nContent-Length: +5\r\n...': one server reads 5, another none, and the rest is a request
    ['+5', 'malformed'],
    ['-1', 'malformed'],
    ['abc', 'malformed'],
    ['5, 5', 'malformed'],
    ['5,6', 'malformed'],
    ['5 5', 'malformed'],
    ['5.0', 'malformed'],
    ['1e3', 'malformed'],
    ['0x10', 'malformed'],
    ['٥', 'malformed'],
    ['', 'malformed'],
    ['9999999999999999', 'malformed'],
  ])('%j: %s', (text, expected) => {
    // Not a Headers: what a client sends is more than Headers take.
    const headers = {
      get: (name: string) => (name === 'content-length' ? (text ?? null) : null),
    } as Headers
    expect(declaredLength(headers)).toBe(expected)
  })
})

describe('a body by what is said of it', () => {
  const json = (headers: Pick<Headers, 'get'>): boolean =>
    headers.get('content-type') === 'application/json'
  it.each([
    ['no word on its length', post({}), 'passes'],
    ['a length within the limit', post({ 'Content-Length': '10' }), 'passes'],
    ['a length over the limit', post({ 'Content-Length': '11' }), 'body-too-large'],
    [
      'a length over the limit and no stream',
      post({ 'Content-Length': '11' }, null),
      'body-too-large',
    ],
    ['a length that is none', post({ 'Content-Length': 'abc' }), 'body-malformed'],
    [
      'a length and chunks at once',
      post({ 'Content-Length': '5', 'Transfer-Encoding': 'chunked' }),
      'body-malformed',
    ],
    ['chunks', post({ 'Transfer-Encoding': 'chunked' }), 'passes'],
    ['GET, where a body is none', { ...post({ 'Content-Length': '11' }), method: 'GET' }, 'passes'],
  ])('%s: %s', (_, request, expected) => {
    const verdict = checkBody(request, { maxBytes: 10 })
    expect(verdict.ok ? 'passes' : verdict.reason).toBe(expected)
  })

  it.each([
    ['the type that is taken', post({ 'Content-Type': 'application/json' }), 'passes'],
    ['another type', post({ 'Content-Type': 'text/plain' }), 'content-type-not-allowed'],
    ['no type', post({}), 'content-type-not-allowed'],
    ['no body and no type', post({}, null), 'passes'],
    ['a body of no bytes and no type', post({ 'Content-Length': '0' }), 'passes'],
    // curl --data-binary @bomb.json.gz -H 'Content-Encoding: gzip'
    [
      'gzip, where it is looked into',
      post({ 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' }),
      'content-type-not-allowed',
    ],
  ])('%s: %s', (_, request, expected) => {
    const verdict = checkBody(request, { maxBytes: 10, types: json, inspected: true })
    expect(verdict.ok ? 'passes' : verdict.reason).toBe(expected)
  })

  it('may be coded where nobody looks into it', () => {
    expect(checkBody(post({ 'Content-Encoding': 'gzip' }), { maxBytes: 10 }).ok).toBe(true)
  })
})

describe('a body while it streams', () => {
  it('passes up to the limit, byte for byte', async () => {
    const { body, events } = source(4, 0, 6)
    expect(await lengthOf(boundBody(body, { maxBytes: 10 }))).toBe(10)
    expect(events).toEqual(['read 4', 'read 0', 'read 6', 'ended'])
  })

  it('is not read before it is asked for, and no faster', async () => {
    const { body, events } = source(1, 1, 1)
    const reader = boundBody(body, { maxBytes: 10 }).getReader()
    await Promise.resolve()
    expect(events).toEqual([])
    await reader.read()
    expect(events).toEqual(['read 1'])
  })

  // curl -T - https://app.example.com/upload < /dev/zero
  it('breaks off at the first byte too many: the reader never sees an end, the client is stopped', async () => {
    const { body, events } = source(6, 5, 1000, 1000)
    const refused: BodyError[] = []
    const bounded = boundBody(body, { maxBytes: 10, onRefuse: (error) => refused.push(error) })
    await expect(lengthOf(bounded)).rejects.toThrow('body-too-large')
    expect(refused.map(({ reason, status }) => [reason, status])).toEqual([['body-too-large', 413]])
    expect(events).toEqual(['read 6', 'read 5', 'cancelled'])
  })

  // Content-Length: 5 and a hundred bytes behind it
  it.each([
    ['beyond its length', 10, 'body-malformed', 400],
    ['beyond its length and the limit', 11, 'body-too-large', 413],
  ])('that lies is not believed: %s', async (_, size, reason, status) => {
    const refused: BodyError[] = []
    const bounded = boundBody(source(size).body, {
      maxBytes: 10,
      length: 5,
      onRefuse: (error) => refused.push(error),
    })
    await expect(lengthOf(bounded)).rejects.toThrow()
    expect(refused.map((error) => [error.reason, error.status])).toEqual([[reason, status]])
  })

  it('of exactly its length passes', async () => {
    expect(await lengthOf(boundBody(source(2, 3).body, { maxBytes: 10, length: 5 }))).toBe(5)
  })

  it('P4: hands a cancel on, and fails where the client broke off', async () => {
    const { body, events } = source(1, 1)
    await boundBody(body, { maxBytes: 10 }).cancel('enough')
    expect(events).toEqual(['cancelled'])
    const broken = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new Error('gone')),
    })
    const refused: BodyError[] = []
    const cut = boundBody(broken, { maxBytes: 10, onRefuse: (error) => refused.push(error) })
    await expect(lengthOf(cut)).rejects.toMatchObject({
      reason: 'body-malformed',
      cause: new Error('gone'),
    })
    expect(refused.map(({ status }) => status)).toEqual([400])
  })

  it('P4: that ends before its length is none', async () => {
    const refused: BodyError[] = []
    const short = boundBody(source(2).body, {
      maxBytes: 10,
      length: 5,
      onRefuse: (error) => refused.push(error),
    })
    await expect(lengthOf(short)).rejects.toThrow()
    expect(refused.map(({ reason }) => reason)).toEqual(['body-malformed'])
  })

  it('of what is no bytes is refused', async () => {
    const odd = new ReadableStream({
      pull(controller): void {
        controller.enqueue('text')
      },
    })
    await expect(lengthOf(boundBody(odd, { maxBytes: 10 }))).rejects.toThrow('body-too-large')
  })

  it('rejects with what error handlers take for the client’s fault', async () => {
    const error = await lengthOf(boundBody(source(11).body, { maxBytes: 10 })).catch(
      (e: BodyError) => e,
    )
    const response = (error as BodyError).getResponse()
    expect([response.status, response.headers.get('Cache-Control')]).toEqual([413, 'no-store'])
  })
})

describe('a body that is read to its end', () => {
  it('is one piece, whatever pieces it came in', async () => {
    const { body, events } = source(3, 0, 7)
    const whole = await readWholeBody(body, { maxBytes: 10 })
    expect(whole.ok && whole.bytes.byteLength).toBe(10)
    expect(events).toEqual(['read 3', 'read 0', 'read 7', 'ended'])
    expect(await readWholeBody(source().body, { maxBytes: 0, length: 0 })).toMatchObject({
      ok: true,
    })
  })

  it.each([
    ['longer than allowed', [6, 6, 6], 10, undefined, 'body-too-large'],
    ['longer than allowed and than it says', [6, 6, 6], 10, 5, 'body-malformed'],
    ['longer than it says', [6], 10, 5, 'body-malformed'],
    ['shorter than it says', [4], 10, 5, 'body-malformed'],
  ] as const)('is refused where it is %s', async (_, sizes, maxBytes, length, reason) => {
    const { body } = source(...sizes)
    expect(await readWholeBody(body, { maxBytes, length })).toEqual({ ok: false, reason })
  })

  it('is read no further than it is allowed to be', async () => {
    const { body, events } = source(6, 6, 6)
    await readWholeBody(body, { maxBytes: 10 })
    expect(events).toEqual(['read 6', 'read 6', 'cancelled'])
  })

  it('is malformed where it breaks off, and where it is no bytes', async () => {
    const broken = new ReadableStream<Uint8Array>({
      pull(controller): void {
        controller.error(new Error('reset'))
      },
    })
    const refusal = { ok: false, reason: 'body-malformed' }
    expect(await readWholeBody(broken, { maxBytes: 10 })).toEqual(refusal)
    const words = new ReadableStream({
      pull(controller): void {
        controller.enqueue('text')
      },
    })
    expect((await readWholeBody(words, { maxBytes: 10 })).ok).toBe(false)
  })
})
