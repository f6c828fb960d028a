import { describe, expect, it } from 'vitest'
import { joinChunks, resumeBody } from '../../src/request/body/chunks.ts'

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

function streamTexts(...texts: readonly string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const text of texts) controller.enqueue(encode(text))
      controller.close()
    },
  })
}

describe('joinChunks', () => {
  it('joins chunks in their order', () => {
    const joined = joinChunks([encode('ab'), encode(''), encode('c')], 3)
    expect(new TextDecoder().decode(joined)).toBe('abc')
  })

  it('joins no chunks to no bytes', () => {
    expect(joinChunks([], 0).byteLength).toBe(0)
  })
})

describe('resumeBody', () => {
  it('streams the chunks that were read, then the rest of the body', async () => {
    const reader = streamTexts('one ', 'two ', 'three').getReader()
    const { value } = await reader.read()
    const body = resumeBody([value as Uint8Array], reader)

    expect(await new Response(body).text()).toBe('one two three')
  })

  it('cancels the rest of the body when its own reader cancels', async () => {
    let reason: unknown
    const source = new ReadableStream<Uint8Array>({
      cancel(cancelReason) {
        reason = cancelReason
      },
    })
    await resumeBody([encode('read before')], source.getReader()).cancel('disconnected')

    expect(reason).toBe('disconnected')
  })
})
