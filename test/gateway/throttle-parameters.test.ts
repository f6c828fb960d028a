import { describe, expect, it } from 'vitest'
import { memoryThrottle } from '../../src/limit/index.ts'
import { graphqlBodies } from '../support/graphql-bodies.ts'
import { type LoginBench, loginBench } from './login-bench.ts'
import { type LoginOrigin, origins } from './login-origins.ts'

const named = (name: string): LoginOrigin =>
  origins.find((origin) => origin.name === name) as LoginOrigin
const start = (name: string): Promise<LoginBench> => loginBench(named(name), memoryThrottle())

const form = (body: string): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body,
})
const json = (body: string): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body,
})

/** Sends 60 guesses at one victim, each behind a decoy of its own, and returns how many reached the server. */
async function guess(
  at: LoginBench,
  request: (decoy: string) => { readonly path?: string; readonly init: RequestInit },
): Promise<number> {
  for (let i = 0; i < 60; i++) {
    const answer = await at.login('', '', request(`decoy-${i}`))
    expect(answer.status).toBe(400)
  }
  return at.verified.length
}

// for i in $(seq 60); do curl -d "email=decoy-$i" 'https://app.example.com/login?x=1;email=victim'; done
describe('a login that names the victim where another server looks', () => {
  it.each([
    ['T2: behind a semicolon of the query', '?x=1;email=victim', ''],
    ['T2: behind a semicolon of the body', '', ';email=victim'],
    ['T2: behind a semicolon of another value', '', '&next=/;email=victim'],
    ['T2: behind a space', '', '& email=victim'],
    ['T3: in a name that ends at NUL', '', '&email%00x=victim'],
    ['T3: in a name that ends at NUL, in the query', '?email%00x=victim', ''],
    ['T3: in a name behind a line feed', '', '&%0Aemail=victim'],
    ['T4: by a prefix that ASP.NET Core prefers', '', '&input.email=victim'],
    ['T4: in brackets', '', '&user[email]=victim'],
    ['T4: by a dot', '', '&user.email=victim'],
    ['T4: by a colon', '', '&user:email=victim'],
    ['T4: by a dollar, as Web Forms', '', '&main$email=victim'],
    ['T4: as a list', '', '&email[]=victim'],
    ['T4: in another case', '', '&EMAIL=victim'],
    ['T11: in Latin-1', '', '&next=%E9'],
  ])('%s is 400', async (_, search, more) => {
    const at = await start('django')
    const reached = await guess(at, (decoy) => ({
      path: `/login${search}`,
      init: form(`email=${decoy}&password=guess${more}`),
    }))
    expect(reached).toBe(0)
  })

  it.each([
    ['T4: in a member that Rails wraps', '"session":{"email":"victim"}'],
    ['T4: in a list', '"users":[{"email":"victim"}]'],
    ['T4: by a path', '"user.email":"victim"'],
    ['T4: in another case', '"Email":"victim"'],
    ['T4: twice', '"email":"victim"'],
    ['T3: in a name that ends at NUL', '"email\\u0000x":"victim"'],
  ])('%s of JSON is 400', async (_, member) => {
    const at = await start('a JSON API')
    const reached = await guess(at, (decoy) => ({
      init: json(`{"email":"${decoy}","password":"guess",${member}}`),
    }))
    expect(reached).toBe(0)
  })
})

// What they cost is measured by npm run bench -- --only graphql
describe('T10: GraphQL of 64 KB at a login', () => {
  it('is refused where it has more tokens than a login, and reaches no server', async () => {
    const heavy = graphqlBodies.filter(({ name }) =>
      ['fields', 'fragments', 'a fragment that is spread a hundred times', 'aliases'].includes(
        name,
      ),
    )
    expect(heavy).toHaveLength(4)
    const at = await start('keystone')
    for (const { body } of heavy) {
      const answer = await at.login('', '', { init: json(body) })
      expect(answer.status).toBe(400)
    }
    expect(at.seen).toEqual([])
  })
})
