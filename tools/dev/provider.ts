/** Runs the development provider on loopback for `npm run dev -- --login`: `PORT`, and `GATEWAY_URL` for its logout tokens. */
import { createServer } from 'node:http'
import { devProvider } from '../../src/testing/index.ts'

const port = Number(process.env.PORT ?? 8789)
const issuer = `http://localhost:${port}`
const provider = devProvider({
  issuer,
  backchannel: `${process.env.GATEWAY_URL}/.portcullis/backchannel-logout/dev`,
})

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const headers = Object.entries(request.headers).map(([name, value]) => [name, `${value}`])
  const hasBody = request.method !== 'GET' && request.method !== 'HEAD'
  const answer = await provider.fetch(`${issuer}${request.url}`, {
    method: request.method ?? 'GET',
    headers: Object.fromEntries(headers) as Record<string, string>,
    ...(hasBody && { body: Buffer.concat(chunks) }),
  })
  const cookies = answer.headers.getSetCookie()
  response.writeHead(answer.status, {
    ...Object.fromEntries(answer.headers),
    ...(cookies.length > 0 && { 'set-cookie': cookies }),
  })
  response.end(Buffer.from(await answer.arrayBuffer()))
})
server.listen(port, 'localhost')
process.once('SIGTERM', () => {
  server.close()
  server.closeAllConnections()
})
