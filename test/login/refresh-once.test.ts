import { describe, expect, test } from 'vitest'
import { PortcullisError } from '../../src/errors.ts'
import { createMemoryRows } from '../../src/login/tokens/memory-rows.ts'
import { noon } from '../session/support.ts'
import { askAll, count, createIsolates, type Isolates, signIn } from './isolates.ts'
import { type Browser, type Site, waitFor } from './support.ts'

/** A gate that requests wait at until a test opens it. */
function createGate(): { readonly opened: Promise<void>; open(): void } {
  let open: () => void = () => {}
  const opened = new Promise<void>((done) => {
    open = done
  })
  return { opened, open: () => open() }
}

async function askToken(site: Site | undefined, person: Browser): Promise<Response> {
  const headers = { cookie: person.cookieHeader }
  return (await site?.app.request('https://app.example/token', { headers })) as Response
}

/** What the next refresh says shows whether a used refresh token was ever presented. */
async function refreshAgain(isolates: Isolates, person: Browser): Promise<number> {
  isolates.clock.now += 331_000
  return (await askToken(isolates.sites[0], person)).status
}

describe('a lease that ends before its holder', () => {
  test('98: metadata that takes longer than the lease sends no refresh token twice', async () => {
    const isolates = await createIsolates(2)
    const { sites, provider, clock, asked } = isolates
    const person = await signIn(isolates)
    const metadata = '/.well-known/openid-configuration'
    const gate = createGate()
    provider.answers.set(metadata, async () => {
      await gate.opened
      return Response.json(provider.readMetadata())
    })
    clock.now += 301_000
    // The second isolate has never spoken with the provider.
    const slow = askToken(sites[1], person)
    await waitFor(() => count(provider.asked, `GET ${metadata}`) === 2)
    clock.now += 11_000
    const quick = await askToken(sites[0], person)
    expect(quick.status).toBe(200)
    gate.open()
    expect((await slow).status).toBe(200)
    expect(await (await slow).text()).toBe(await quick.text())
    expect(provider.refreshes).toEqual({ served: 1, refused: 0 })
    expect(count(asked, 'drop')).toBe(0)
    provider.answers.clear()
    expect(await refreshAgain(isolates, person)).toBe(200)
  })

  test('57, 98: a second secret that is tried after the lease has ended does not present a used token', async () => {
    const isolates = await createIsolates(2, {
      provider: { clientSecret: ['an old secret', 'a secret'] },
    })
    const { sites, provider, clock } = isolates
    const person = await signIn(isolates)
    await askToken(sites[1], person)
    clock.now += 301_000
    const gate = createGate()
    provider.answers.set('/token', async () => {
      provider.answers.delete('/token')
      await gate.opened
      return Response.json({ error: 'invalid_client' }, { status: 401 })
    })
    const before = count(provider.asked, 'POST /token')
    const slow = askToken(sites[0], person)
    await waitFor(() => count(provider.asked, 'POST /token') === before + 1)
    clock.now += 11_000
    expect((await askToken(sites[1], person)).status).toBe(200)
    gate.open()
    expect((await slow).status).toBe(200)
    expect(provider.refreshes).toEqual({ served: 1, refused: 0 })
    expect(await refreshAgain(isolates, person)).toBe(200)
  })

  test('98: keys that are slow after the refresh leave the new refresh token to the next holder', async () => {
    const isolates = await createIsolates(2)
    const { sites, provider, clock } = isolates
    const person = await signIn(isolates)
    const gate = createGate()
    provider.answers.set('/jwks', async () => {
      await gate.opened
      return Response.json({ keys: [provider.key.jwk] })
    })
    clock.now += 301_000
    const slow = askToken(sites[1], person)
    await waitFor(() => count(provider.asked, 'GET /jwks') === 2)
    clock.now += 11_000
    expect((await askToken(sites[0], person)).status).toBe(200)
    gate.open()
    expect((await slow).status).toBe(200)
    expect(provider.refreshes).toEqual({ served: 2, refused: 0 })
    expect(await refreshAgain(isolates, person)).toBe(200)
  })

  test('a store that takes longer than the lease to answer sends no refresh token', async () => {
    const memory = createMemoryRows(() => isolates.clock.now)
    let isSlow = false
    const isolates: Isolates = await createIsolates(
      1,
      {},
      {
        ...memory,
        async take(...args) {
          const taken = await memory.take(...args)
          if (isSlow) isolates.clock.now += 6000
          return taken
        },
      },
    )
    const person = await signIn(isolates)
    isolates.clock.now += 301_000
    isSlow = true
    expect((await askToken(isolates.sites[0], person)).status).toBe(503)
    expect(isolates.provider.refreshes).toEqual({ served: 0, refused: 0 })
    isSlow = false
    expect(await refreshAgain(isolates, person)).toBe(200)
  })
})

describe('a new refresh token', () => {
  test.each([
    ['a token type that is not Bearer', { token_type: 'mac' }],
    ['an id token that is none', { id_token: 'none' }],
    ['an id token that is a number', { id_token: 7 }],
    ['a life that is a text', { expires_in: 'soon' }],
    ['no access token', { access_token: undefined }],
    ['a scope that is a list', { scope: ['openid'] }],
  ])('103: is kept where the response that brings it has %s', async (_, change) => {
    const isolates = await createIsolates(1)
    const { sites, provider, clock } = isolates
    const person = await signIn(isolates)
    clock.now += 301_000
    provider.tokens = (tokens) => ({ ...tokens, ...change })
    expect((await askToken(sites[0], person)).status).toBe(503)
    provider.tokens = (tokens) => tokens
    expect(await refreshAgain(isolates, person)).toBe(200)
    expect(provider.refreshes).toEqual({ served: 2, refused: 0 })
  })

  test('103: is kept where the store is away for a moment, and its access token serves meanwhile', async () => {
    const memory = createMemoryRows(() => isolates.clock.now)
    let failures = 0
    const isolates: Isolates = await createIsolates(
      1,
      {},
      {
        ...memory,
        async replace(...args) {
          if (failures-- > 0) throw new PortcullisError('ERR_STORE_UNAVAILABLE', 'away')
          return memory.replace(...args)
        },
      },
    )
    const person = await signIn(isolates)
    isolates.clock.now += 301_000
    failures = 2
    const [answer] = await askAll(isolates, person, 1)
    expect(answer?.status).toBe(200)
    expect(await refreshAgain(isolates, person)).toBe(200)
    expect(isolates.provider.refreshes).toEqual({ served: 2, refused: 0 })
  })

  test('103: that no store takes serves its request, an event says so, and the session stays', async () => {
    const isolates = await createIsolates(
      1,
      {},
      {
        replace: () => Promise.reject(new PortcullisError('ERR_STORE_UNAVAILABLE', 'away')),
      },
    )
    const person = await signIn(isolates)
    isolates.clock.now += 301_000
    expect((await askToken(isolates.sites[0], person)).status).toBe(200)
    expect(isolates.sites[0]?.events.at(-1)).toMatchObject({
      type: 'tokens-unavailable',
      reason: 'store-unavailable',
      subject: 'acme',
    })
    expect((await person.who())?.user).toBe('acme|ada')
  })

  test('is stored before anything else of its response is validated', async () => {
    const isolates = await createIsolates(1)
    const { sites, provider, clock, asked } = isolates
    const person = await signIn(isolates)
    expect(clock.now).toBe(noon)
    clock.now += 301_000
    await askToken(sites[0], person)
    // One write of the new refresh token, one of everything.
    expect(count(asked, 'replace')).toBe(2)
    expect(provider.refreshes.served).toBe(1)
  })
})
