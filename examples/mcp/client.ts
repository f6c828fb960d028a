/**
 * An MCP client, as far as authorization goes: it knows the address of the server and nothing else, and finds the provider
 * by the metadata of the protected resource (RFC 9728), as the MCP specification of 2025-06-18 asks of clients.
 */
import * as oauth from 'oauth4webapi'

/** What a client is created with. */
export interface McpClientOptions {
  /** Address of the MCP server. */
  readonly url: string
  /** Sends a request. Default the global `fetch`. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>
  /** Opens the provider's page in a browser, and returns the address that it came back to. */
  readonly signIn: (page: URL) => Promise<URL>
  readonly clientId: string
  readonly redirectUri: string
}

/** A client. */
export interface McpClient {
  /** Sends one message, with a token as soon as the server has asked for one. */
  send(method: string, params?: object): Promise<unknown>
}

/** Creates a client. */
export function createMcpClient(options: McpClientOptions): McpClient {
  const { url, fetch: send = fetch } = options
  let token: string | undefined
  let count = 0

  async function post(message: object): Promise<Response> {
    return send(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(message),
    })
  }

  return {
    async send(method, params) {
      count++
      const message = { jsonrpc: '2.0', id: count, method, ...(params !== undefined && { params }) }
      let response = await post(message)
      if (response.status === 401) {
        token = await obtainToken({ ...options, fetch: send }, response)
        response = await post(message)
      }
      if (response.status !== 200) throw new Error(`${method}: ${response.status}`)
      const { result, error } = (await response.json()) as { result?: unknown; error?: object }
      if (error !== undefined) throw new Error(JSON.stringify(error))
      return result
    },
  }
}

async function obtainToken(
  options: Required<McpClientOptions>,
  refusal: Response,
): Promise<string> {
  const { clientId, redirectUri, signIn, url } = options
  const resource = new URL(url)
  const requests = {
    [oauth.customFetch]: (address: string, init: object) =>
      options.fetch(address, init as RequestInit),
    // This example is on this machine, over http.
    [oauth.allowInsecureRequests]: true,
  } as const

  // RFC 9728 section 5: the refusal says where the metadata is. Section 3.3: they must be of this very server.
  const address = /resource_metadata="([^"]+)"/.exec(refusal.headers.get('www-authenticate') ?? '')
  const scope = /scope="([^"]+)"/.exec(refusal.headers.get('www-authenticate') ?? '')?.[1]
  if (address?.[1] === undefined) throw new Error('The server does not say where to get a token')
  const found = await options.fetch(address[1], { headers: { accept: 'application/json' } })
  const metadata = await oauth.processResourceDiscoveryResponse(resource, found)
  const [issuer] = metadata.authorization_servers ?? []
  if (issuer === undefined) throw new Error('The metadata name no authorization server')

  const discovery = await oauth.discoveryRequest(new URL(issuer), {
    ...requests,
    algorithm: 'oauth2',
  })
  const server = await oauth.processDiscoveryResponse(new URL(issuer), discovery)
  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const page = new URL(`${server.authorization_endpoint}`)
  page.search = `${new URLSearchParams({
    client_id: clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    // RFC 8707: the token is for this server, and no good at another.
    resource: resource.href,
    ...(scope !== undefined && { scope }),
  })}`

  const client = { client_id: clientId }
  const answer = oauth.validateAuthResponse(server, client, await signIn(page), state)
  const additionalParameters = { resource: resource.href }
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    answer,
    redirectUri,
    verifier,
    { ...requests, additionalParameters },
  )
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response)
  return tokens.access_token
}
