import { Hono } from 'hono'
import { describe, expect, it, test } from 'vitest'
import { graphqlGuard } from '../../src/graphql/index.ts'
import { portcullis, statelessSessions } from '../../src/index.ts'

const session = statelessSessions<{ role: string }>({ secret: 'kX9vQ2mT7pL4wZ8rB3nJ6hD1sF5gY0cE' })
const app = new Hono()
  .use(
    portcullis({
      session,
      graphql: {
        path: '/graphql',
        guard: graphqlGuard({
          introspection: async (c) => (await c.var.session.get())?.role === 'developer',
        }),
      },
    }),
  )
  .get('/start/:role', async (c) => {
    await c.var.session.start({ role: c.req.param('role') })
    return c.text('in')
  })
  .all('*', async (c) => c.text(await c.req.text()))

const ask = (path: string, query: string, cookie = ''): Promise<Response> =>
  Promise.resolve(
    app.request(`https://app.example.test${path}`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Origin: 'https://app.example.test',
        ...(cookie && { cookie }),
      },
      body: JSON.stringify({ query }),
    }),
  )
const deep = `${'{a'.repeat(11)}${'}'.repeat(11)}`

describe('GraphQL in the stack', () => {
  test.each([
    ['/graphql', 400],
    ['/graphql/', 400],
    ['/GraphQL', 400],
    ['/graphql.', 400],
    ['/other', 200],
    ['/graphqlx', 200],
  ])('a query that is too deep, at %s, is %i', async (path, status) => {
    const response = await ask(path, deep)
    expect(response.status).toBe(status)
    expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff')
  })

  it('hands the body on', async () => {
    expect(await (await ask('/graphql', '{a}')).text()).toBe('{"query":"{a}"}')
  })

  it('knows who asks', async () => {
    for (const [role, status] of [
      ['developer', 200],
      ['editor', 403],
    ] as const) {
      const started = await app.request(`https://app.example.test/start/${role}`)
      const cookie = started.headers.getSetCookie()[0]?.split(';')[0] ?? ''
      expect((await ask('/graphql', '{__schema{a}}', cookie)).status).toBe(status)
    }
  })

  test.each([
    [{ path: '/graphql' }, 'portcullis.graphql.guard must be the result of graphqlGuard'],
    [{ path: 'graphql', guard: graphqlGuard() }, 'portcullis.graphql.path must be'],
    [{ path: '/graphql', gaurd: graphqlGuard() }, 'did you mean guard?'],
  ])('%j is refused while building', (graphql, words) => {
    expect(() => portcullis({ graphql: graphql as never })).toThrow(words)
  })
})
