/** Seals or opens as often as it is asked, in one request, so that nothing else is in the measurement. */
import { type Data, dataOf } from '../data.ts'

export interface Codec {
  seal(data: Data): Promise<string>
  /** Rejects, or resolves to something else, for what was tampered with. */
  open(token: string): Promise<unknown>
}

export function looped(codec: Codec): { fetch(request: Request): Promise<Response> } {
  return {
    async fetch(request): Promise<Response> {
      const { pathname, searchParams } = new URL(request.url)
      const data = dataOf(Number(searchParams.get('bytes')))
      const n = Number(searchParams.get('n'))
      if (pathname === '/check') return Response.json(await check(codec, data))
      if (pathname === '/seal') {
        let length = 0
        for (let i = 0; i < n; i++) length += (await codec.seal(data)).length
        return new Response(String(length))
      }
      const token = await codec.seal(data)
      let sum = 0
      for (let i = 0; i < n; i++) sum += ((await codec.open(token)) as Data).n
      return new Response(String(sum))
    },
  }
}

/** Brings back what was sealed, never makes the same token twice, and refuses one changed character. */
async function check(codec: Codec, data: Data): Promise<{ ok: boolean; length: number }> {
  const token = await codec.seal(data)
  const same = JSON.stringify(await codec.open(token)) === JSON.stringify(data)
  const fresh = (await codec.seal(data)) !== token
  const at = token.length - 40
  const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
  const refused = await codec.open(changed).then(
    (got) => JSON.stringify(got) !== JSON.stringify(data),
    () => true,
  )
  return { ok: same && fresh && refused, length: token.length }
}
