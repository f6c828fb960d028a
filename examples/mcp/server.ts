/**
 * An MCP server behind the gateway, by JSON-RPC over HTTP (Streamable HTTP, 2025-06-18). It knows nothing of OAuth: who asks
 * stands in the assertion of the gateway. It answers each request in one piece and keeps no session.
 */
import { assertionVerifier } from './portcullis.ts'

interface Message {
  readonly jsonrpc: '2.0'
  readonly id?: number | string
  readonly method: string
  readonly params?: { readonly name?: string }
}

/** Who asks, as the gateway says. */
interface Caller {
  readonly user: string
  readonly roles: readonly string[]
}

const protocolVersion = '2025-06-18'
const tools = [
  {
    name: 'whoami',
    description: 'Says who is signed in.',
    inputSchema: { type: 'object', properties: {} },
  },
]

/** Creates the server. `assertionKey` verifies what the gateway signed; a server elsewhere reads the gateway's key set. */
export function createMcpServer(
  assertionKey: string,
  issuer: string,
): (request: Request) => Promise<Response> {
  const verifyAssertion = assertionVerifier({ key: assertionKey, issuer, audience: 'tools' })

  return async function answer(request) {
    const assertion = await verifyAssertion(request.headers)
    if (assertion?.user === undefined) return new Response(null, { status: 401 })
    if (request.method !== 'POST')
      return new Response(null, { status: 405, headers: { allow: 'POST' } })

    const message = (await request.json()) as Message
    // A notification wants no response.
    if (message.id === undefined) return new Response(null, { status: 202 })
    const { user, claims } = assertion
    const roles = (claims?.roles ?? []) as readonly string[]
    return Response.json({
      jsonrpc: '2.0',
      id: message.id,
      ...answerMessage(message, { user, roles }),
    })
  }
}

function answerMessage({ method, params }: Message, { user, roles }: Caller): object {
  switch (method) {
    case 'initialize':
      return {
        result: {
          protocolVersion,
          capabilities: { tools: {} },
          serverInfo: { name: 'example', version: '1.0.0' },
        },
      }
    case 'tools/list':
      return { result: { tools } }
    case 'tools/call': {
      if (params?.name !== 'whoami') return { error: { code: -32_602, message: 'Unknown tool' } }
      const text = `${user}${roles.length === 0 ? '' : `, ${roles.join(', ')}`}`
      return { result: { content: [{ type: 'text', text }] } }
    }
    default:
      return { error: { code: -32_601, message: 'Method not found' } }
  }
}
