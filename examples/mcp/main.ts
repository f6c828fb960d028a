/** `node examples/mcp/main.ts`: provider, gateway, MCP server and client in one process, without a port. */
import { randomBytes } from 'node:crypto'
import { createMcpClient } from './client.ts'
import { createMcpGateway } from './gateway.config.ts'
import { devProvider } from './portcullis.ts'

const publicOrigin = 'http://localhost:8787'
const provider = devProvider({ issuer: 'http://localhost:8789', publicClients: ['mcp-client'] })
const gateway = createMcpGateway({
  publicOrigin,
  issuer: provider.issuer,
  sessionSecret: randomBytes(32).toString('base64url'),
  assertionKey: await createAssertionKey(),
  fetch: provider.fetch,
})

/** Sends a request to whoever has its address, and prints it. */
async function ask(url: string, init: RequestInit = {}): Promise<Response> {
  const { origin, pathname } = new URL(url)
  const request = new Request(url, init)
  const response = await (origin === provider.issuer
    ? provider.fetch(request)
    : gateway.fetch(request))
  const who = origin === provider.issuer ? 'provider' : 'gateway'
  console.log(`${who.padEnd(9)} ${`${request.method} ${pathname}`.padEnd(47)} ${response.status}`)
  return response
}

/** In place of a browser: Alice clicks her name. */
async function signIn(page: URL): Promise<URL> {
  const form = new URLSearchParams(page.search)
  form.set('person', 'alice')
  const response = await ask(`${page.origin}${page.pathname}`, { method: 'POST', body: form })
  return new URL(response.headers.get('location') ?? '')
}

const redirectUri = 'http://localhost:33418/callback'
const client = createMcpClient({
  url: `${publicOrigin}/mcp`,
  fetch: ask,
  signIn,
  clientId: 'mcp-client',
  redirectUri,
})
await client.send('initialize', { protocolVersion: '2025-06-18', capabilities: {} })
console.log(JSON.stringify(await client.send('tools/call', { name: 'whoami' })))

async function createAssertionKey(): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  const { privateKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const jwk = await crypto.subtle.exportKey('jwk', privateKey)
  return JSON.stringify({ ...jwk, alg: 'ES256', use: 'sig', kid: 'example', key_ops: undefined })
}
