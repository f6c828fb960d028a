import { exportSPKI, type JWK } from 'jose'
import { describe, expect, test } from 'vitest'
import { createGateway, defineGateway } from '../../src/gateway/index.ts'
import { awsAlb, cloudflareAccess, gatewayLogin, googleIap } from '../../src/login/index.ts'
import { statelessSessions } from '../../src/session/index.ts'
import { encodeJson, type Json, type SigningKey, signToken } from '../login/provider.ts'
import { type Data, origin, sharedKey } from '../login/support.ts'
import { noon, secret } from '../session/support.ts'
import { assertionKey } from './support.ts'

const seconds = Math.floor(noon / 1000)
const loadBalancer = 'arn:aws:elasticloadbalancing:eu-central-1:1:loadbalancer/app/acme/1'

/** An edge: its option, its header, how it signs, and its published key. */
interface Edge {
  option(): ReturnType<typeof cloudflareAccess>
  readonly header: string
  readonly alg: string
  readonly keysUrl: string
  readonly claims: Json
  readonly user: string
  sign(key: SigningKey, claims: Json): Promise<string>
  publish(key: SigningKey): Promise<Response>
}

const publishSet = async ({ jwk }: SigningKey): Promise<Response> =>
  Response.json({ keys: [jwk as JWK] })

/** As the documentation of each edge shows its header; see the functions in src/login/edge/edges.ts. */
const edges: Readonly<Record<string, Edge>> = {
  'Cloudflare Access': {
    option: () => cloudflareAccess({ team: 'acme.cloudflareaccess.com', audience: 'tag' }),
    header: 'cf-access-jwt-assertion',
    alg: 'RS256',
    keysUrl: 'https://acme.cloudflareaccess.com/cdn-cgi/access/certs',
    claims: {
      iss: 'https://acme.cloudflareaccess.com',
      aud: ['tag'],
      sub: '7335d417-61da-459d-899c-0a01c76a2f94',
      email: 'ada@acme.example',
      type: 'app',
    },
    user: 'cloudflare-access|7335d417-61da-459d-899c-0a01c76a2f94',
    sign: (key, claims) => signToken(key, claims),
    publish: publishSet,
  },
  'Google IAP': {
    option: () => googleIap({ audience: '/projects/1/global/backendServices/2' }),
    header: 'x-goog-iap-jwt-assertion',
    alg: 'ES256',
    keysUrl: 'https://www.gstatic.com/iap/verify/public_key-jwk',
    claims: {
      iss: 'https://cloud.google.com/iap',
      aud: '/projects/1/global/backendServices/2',
      sub: 'accounts.google.com:1234',
      email: 'ada@acme.example',
      hd: 'acme.example',
    },
    user: 'google-iap|accounts.google.com:1234',
    sign: (key, claims) => signToken(key, claims),
    publish: publishSet,
  },
  'AWS ALB': {
    option: () =>
      awsAlb({
        region: 'eu-central-1',
        loadBalancer,
        issuer: 'https://id.example',
        clientId: 'client',
      }),
    header: 'x-amzn-oidc-data',
    alg: 'ES256',
    keysUrl: 'https://public-keys.auth.elb.eu-central-1.amazonaws.com/key-1',
    claims: {
      iss: 'https://id.example',
      sub: 'ada',
      email: 'ada@acme.example',
      email_verified: 'true',
    },
    user: 'aws-alb|ada',
    // Its parts are padded, and what it says of itself is in the header.
    async sign({ signer, ...key }, { aud, signerArn = loadBalancer, alg = 'ES256', ...more }) {
      const { kid = key.kid, ...claims } = more
      const client = aud === undefined ? 'client' : aud
      const { exp, iss } = claims
      const head = pad(encodeJson({ alg, kid, signer: signerArn, client, exp, iss, typ: 'JWT' }))
      const text = `${head}.${pad(encodeJson(claims))}`
      const algorithm = { name: 'ECDSA', hash: 'SHA-256' }
      const bytes = new Uint8Array(
        await crypto.subtle.sign(algorithm, signer, new TextEncoder().encode(text)),
      )
      const signature = btoa(String.fromCharCode(...bytes))
      return `${text}.${signature.replaceAll('+', '-').replaceAll('/', '_')}`
    },
    async publish({ jwk }) {
      const { kty, crv, x, y } = jwk
      const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
      const open = { kty, crv, x, y } as JsonWebKey
      const key = await crypto.subtle.importKey('jwk', open, algorithm, true, ['verify'])
      return new Response(await exportSPKI(key))
    },
  },
}

function pad(text: string): string {
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}

/** A gateway behind an edge. */
async function createSite(edge: Edge) {
  const key = await sharedKey(edge.alg)
  const seen: Headers[] = []
  const asked: string[] = []
  const state = { isAway: false, delay: 0 }
  const clock = { now: noon }
  const gateway = createGateway(
    defineGateway<'app', Data>({
      publicOrigin: origin,
      upstreams: { app: { url: 'http://upstream.test:8080' } },
      session: statelessSessions<Data>({ secret, clock: () => noon }),
      user: (data) => data.user,
      roles: (data) => data.roles,
      assertion: { key: await assertionKey() },
      login: gatewayLogin<Data>({
        providers: {},
        clock: () => clock.now,
        edge: edge.option(),
        identify: ({ user, claims }) =>
          claims.email === 'ada@acme.example' ? { user, roles: [] } : undefined,
        async fetch(url) {
          asked.push(url)
          if (state.delay > 0) await new Promise((done) => setTimeout(done, state.delay))
          if (state.isAway) return new Response('', { status: 503 })
          return url === edge.keysUrl ? edge.publish(key) : new Response('', { status: 404 })
        },
      }),
      routes: [
        { path: '/open', to: 'app', access: 'public' },
        { path: '/*', to: 'app' },
      ],
      clock: () => noon,
      fetch: (async (_: unknown, init: RequestInit = {}) => {
        seen.push(new Headers(init.headers))
        return new Response('upstream')
      }) as typeof fetch,
    }),
  )
  const times = { iat: seconds, exp: seconds + 60 }
  const ask = async (change: Json | string | undefined, path = '/orders'): Promise<Response> => {
    const token =
      typeof change === 'string' || change === undefined
        ? change
        : await edge.sign(key, { ...edge.claims, ...times, ...change })
    const headers = { accept: 'text/html', 'sec-fetch-mode': 'navigate' }
    const own = token === undefined ? headers : { ...headers, [edge.header]: token }
    return gateway.fetch(new Request(`${origin}${path}`, { headers: own }))
  }
  return { ask, seen, asked, state, key, clock }
}

describe.each(Object.entries(edges))('an identity of %s', (_, edge) => {
  test('opens routes without a session, and the upstream learns who it is', async () => {
    const { ask, seen } = await createSite(edge)
    const response = await ask({})
    expect([response.status, response.headers.getSetCookie()]).toEqual([200, []])
    const body = seen.at(-1)?.get('portcullis-assertion')?.split('.')[1] ?? ''
    const { sub } = JSON.parse(atob(body.replaceAll('-', '+').replaceAll('_', '/')))
    expect(sub).toBe(edge.user)
    expect(seen.at(-1)?.has(edge.header)).toBe(false)
  })

  test.each<[string, Json]>([
    ['for another application', { aud: 'other' }],
    ['of another issuer', { iss: 'https://other.example' }],
    ['that is old', { exp: seconds - 90 }],
    ['without a person', { sub: undefined }],
  ])('%s is 401', async (_title, change) => {
    const { ask, seen } = await createSite(edge)
    expect((await ask(change)).status).toBe(401)
    expect(seen).toEqual([])
  })

  test('that nobody signed is 401, and so is none at all', async () => {
    const { ask, key } = await createSite(edge)
    const other = await sharedKey(edge.alg, 'forged')
    const forged = { ...other, kid: key.kid }
    const claims = { ...edge.claims, iat: seconds, exp: seconds + 60 }
    expect((await ask(await edge.sign(forged, claims))).status).toBe(401)
    for (const text of ['', 'a.b', 'a.b.c', '{}', 'x'.repeat(5000)]) {
      expect((await ask(text)).status).toBe(401)
    }
    expect((await ask(undefined)).status).toBe(401)
    expect((await ask(undefined, '/open')).status).toBe(200)
  })

  test('that identify does not admit is 403', async () => {
    const { ask } = await createSite(edge)
    expect((await ask({ email: 'eve@other.example' })).status).toBe(403)
  })

  test('whose keys cannot be had is 503', async () => {
    const { ask, state, asked } = await createSite(edge)
    state.isAway = true
    expect((await ask({})).status).toBe(503)
    expect(asked).toEqual([edge.keysUrl])
  })
})

describe('an identity of AWS', () => {
  test.each<Json>([{ signerArn: 'arn:of:another' }, { alg: 'none' }])(
    'with %j is 401',
    async (change) => {
      const { ask } = await createSite(edges['AWS ALB'] as Edge)
      expect((await ask(change)).status).toBe(401)
    },
  )

  test('with an e-mail that its provider does not call verified: anybody may have entered it', async () => {
    const { ask } = await createSite(edges['AWS ALB'] as Edge)
    for (const change of [{ email_verified: undefined }, { email_verified: false }]) {
      expect((await ask(change)).status).toBe(403)
    }
  })

  test('whose key is made up is not asked for without end, and closes nobody out', async () => {
    const { ask, asked, clock } = await createSite(edges['AWS ALB'] as Edge)
    expect((await ask({})).status).toBe(200)
    for (let at = 0; at < 40; at++) {
      expect([401, 503]).toContain((await ask({ kid: `made-up-${at}` })).status)
    }
    expect(asked.length).toBeLessThanOrEqual(10)
    expect((await ask({})).status).toBe(200)
    clock.now += 30_000
    expect((await ask({ kid: 'another' })).status).toBe(401)
  })

  test('asks for its key once, whoever else comes to a cold isolate', async () => {
    const { ask, asked, state } = await createSite(edges['AWS ALB'] as Edge)
    state.delay = 100
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask({})))
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
    expect(asked).toHaveLength(1)
  })
})

describe('an edge whose options are missing or of another form', () => {
  const alb = { region: 'eu-central-1', loadBalancer, issuer: 'https://id.example', clientId: 'a' }
  test.each<[string, () => unknown]>([
    ['edge.audience', () => cloudflareAccess({ team: 'acme.cloudflareaccess.com' } as never)],
    ['edge.team', () => cloudflareAccess({ team: 'https://acme.example', audience: 'tag' })],
    ['edge.audience', () => googleIap({ audience: '' })],
    ['edge.loadBalancer', () => awsAlb({ ...alb, loadBalancer: undefined as never })],
    ['edge.clientId', () => awsAlb({ ...alb, clientId: undefined as never })],
    ['edge.issuer', () => awsAlb({ ...alb, issuer: undefined as never })],
    ['edge.region', () => awsAlb({ ...alb, region: 'evil.example/' })],
    ['edge.signer', () => awsAlb({ ...alb, signer: loadBalancer } as never)],
  ])('is an error of configuration: %s', (option, make) => {
    expect(make).toThrow(option)
  })
})
