import { describe, expect, test } from 'vitest'
import { gatewayThrottle } from '../../src/gateway/index.ts'
import { memoryThrottle } from '../../src/limit/throttle/stores/memory-throttle.ts'
import { aliasesOf, named, servers } from '../support/aliases.ts'
import { type Bench, bench, type Overrides } from './support.ts'

const upstream = 'http://upstream.test:8080'

async function loginGateway(
  path: string,
  more: NonNullable<Overrides['routes']> = [],
): Promise<{ at: Bench; login(path: string, guess: number): Promise<number> }> {
  const store = memoryThrottle()
  const at = await bench({
    clock: () => 1_800_000_000_000, // a slow machine must not earn attempts back
    upstreams: { app: { url: upstream, sessions: true } },
    throttle: gatewayThrottle({ secret: 'kX9vQ2mT7pL4wZ8rB3nJ6hD1sF5gY0cE', store }),
    signIn: undefined as never,
    routes: [
      ...more,
      {
        path,
        methods: ['POST'],
        to: 'app',
        access: 'public',
        throttle: { account: { form: 'email' }, success: { cookie: 'sid' } },
      },
      { path: '/*', to: 'app', access: 'public' },
    ],
  })
  at.answer = () => new Response('Wrong password', { status: 401 })
  const login = async (where: string, guess: number): Promise<number> => {
    const body = new URLSearchParams({ email: 'zoe@example.com', password: `guess ${guess}` })
    const headers = { 'cf-connecting-ip': '203.0.113.9' }
    return (await at.ask(where, { method: 'POST', body, headers })).status
  }
  return { at, login }
}

// for i in $(seq 60); do curl -d "email=zoe&password=$i" https://app.example.com/login.php/$i; done
describe('T8: a login at the further paths of its page', () => {
  test.each(servers.filter((server) => !named.has(server)))(
    'is counted where %s serves them',
    async (server) => {
      for (const page of ['/login', '/users/sign_in', '/wp-login.php']) {
        const { at, login } = await loginGateway(page)
        const paths = [page, ...aliasesOf(page, server)]
        for (let guess = 0; guess < 60; guess++)
          await login(paths[guess % paths.length] as string, guess)
        expect(`${page} ${at.seen.length}`).toBe(`${page} 5`)
      }
    },
  )

  test('is counted whatever stands behind the name of a script', async () => {
    const { at, login } = await loginGateway('/login.php')
    for (let guess = 0; guess < 60; guess++) await login(`/login.php/${guess}`, guess)
    expect(at.seen.length).toBe(5)
  })

  test('is counted where a container takes forms below every page', async () => {
    const { at, login } = await loginGateway('/j_security_check')
    for (let guess = 0; guess < 60; guess++) await login(`/page${guess}/j_security_check`, guess)
    expect(at.seen.length).toBe(5)
  })

  test('leaves what is read beside it alone', async () => {
    const { at, login } = await loginGateway('/login', [
      { path: '/login', methods: ['GET'], to: 'app', access: 'public' },
    ])
    for (let guess = 0; guess < 8; guess++) await login('/login.json', guess)
    at.answer = () => new Response('body { color: red }')
    for (const path of ['/login', '/login.css', '/assets/login.js'])
      expect((await at.ask(path)).status).toBe(200)
    expect(await login('/logins', 1)).toBe(200)
  })
})
