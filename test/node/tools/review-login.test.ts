/** The addresses and gaps that `portcullis check --providers` names, at a provider that listens on loopback. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Judges, type Project, parseDevVars, reviewConfig } from '../../../cli/review.ts'
import * as gateway from '../../../src/gateway/index.ts'
import * as logins from '../../../src/login/index.ts'
import { statelessSessions } from '../../../src/session/index.ts'
import { devProvider } from '../../../src/testing/index.ts'
import { secret } from '../../session/support.ts'

interface Env {
  readonly ISSUER: string
  readonly ACME_SECRET: string
}

describe('check --providers', () => {
  let server: Server
  let issuer = ''
  beforeAll(async () => {
    server = createServer(async (request, response) => {
      const answer = await devProvider({ issuer }).fetch(`${issuer}${request.url}`)
      response.writeHead(answer.status, { 'content-type': 'application/json' })
      response.end(await answer.text())
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => void server.close())

  const project = (withLogin: boolean): (() => Promise<Project>) => {
    const config = (): object => ({
      publicOrigin: (c: { env: Record<string, string> }) => c.env.PUBLIC_ORIGIN,
      upstreams: { app: { url: 'https://origin.example.net' } },
      session: statelessSessions({ secret }),
      login: logins.gatewayLogin({
        providers: {
          acme: logins.oidc<Env>({
            issuer: (c: { env: Env }) => c.env.ISSUER,
            clientId: 'dev',
            clientSecret: (c: { env: Env }) => c.env.ACME_SECRET,
          }) as never,
        },
      }),
      routes: [{ path: '/*', to: 'app' }],
    })
    return async () => ({
      module: { config },
      judges: gateway as Judges,
      ...(withLogin && { logins: logins as never }),
    })
  }
  const wrangler = { vars: { PUBLIC_ORIGIN: 'https://app.example.com' } }

  test('lists the addresses to register, with the secrets of .dev.vars', async () => {
    const environment = { ISSUER: issuer, ...parseDevVars("ACME_SECRET='a secret'\n") }
    const found = await reviewConfig('gateway.ts', project(true), wrangler, environment)
    expect(found.faults).toEqual([])
    expect(found.remarks).toEqual(
      expect.arrayContaining([
        'login.providers.acme: register the redirect address https://app.example.com/.portcullis/callback/acme',
        'login.providers.acme: register the address after a logout https://app.example.com/.portcullis/logged-out',
      ]),
    )
  })

  test('a provider that does not answer is a fault, and asks nobody without the flag', async () => {
    const environment = { ISSUER: 'http://127.0.0.1:9', ACME_SECRET: 's' }
    const found = await reviewConfig('gateway.ts', project(true), wrangler, environment)
    expect(found.faults).toEqual([
      expect.stringContaining('gateway.ts: login.providers.acme: its metadata cannot be read'),
    ])
    const quiet = await reviewConfig('gateway.ts', project(false), wrangler, environment)
    expect(quiet.faults).toEqual([])
  })
})
