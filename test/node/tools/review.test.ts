/** What `check:config` makes of a configuration and the environments that wrangler.toml tells. */
import { describe, expect, it } from 'vitest'
import {
  type Judges,
  type Project,
  reviewConfig,
  reviewDevVars,
  reviewWrangler,
} from '../../../cli/review.ts'
import * as gateway from '../../../src/gateway/index.ts'

const config = (): object =>
  gateway.defineGateway<'app', object, Record<string, string>>({
    publicOrigin: (c) => c.env.PUBLIC_ORIGIN,
    upstreams: { app: { url: (c) => c.env.UPSTREAM_URL } },
    routes: [{ path: '/*', to: 'app', access: 'public' }],
  })
const load = async (): Promise<Project> => ({ module: { config }, judges: gateway as Judges })
const fault =
  'upstreams.app.url is a private address, which may be another machine where the gateway is deployed; use a public address, or set insecurePrivateAddress: true if it is intended'
const open =
  'routes.0 (/*) is public: every other path is open. Without this route it would be 404.'
const unknown = 'upstreams.app.url is not known here, so its address was not checked.'

describe('a check of the configuration', () => {
  const dev = { PUBLIC_ORIGIN: 'http://localhost:8787', UPSTREAM_URL: 'http://127.0.0.1:8788' }

  it.each<[what: string, wrangler: object, found: object]>([
    ['takes the addresses of development', { vars: dev }, { faults: [], remarks: [open] }],
    [
      'finds those addresses where an environment is deployed with them',
      {
        vars: dev,
        env: { production: { vars: { ...dev, PUBLIC_ORIGIN: 'https://app.example.com' } } },
      },
      { faults: [`gateway.ts: env.production: ${fault}`], remarks: [open] },
    ],
    [
      'takes public ones in every environment, and says what it does not know',
      { vars: dev, env: { production: { vars: { PUBLIC_ORIGIN: 'https://app.example.com' } } } },
      { faults: [], remarks: [open, unknown] },
    ],
    ['says the same once', {}, { faults: [], remarks: [open, unknown] }],
  ])('%s', async (_what, wrangler, found) => {
    expect(await reviewConfig('gateway.ts', load, wrangler)).toEqual(found)
  })
})

describe('a check of .dev.vars', () => {
  const secrets = { required: ['SESSION_SECRET'] }
  const unread = (name: string): string =>
    `.dev.vars: ${name} is not read until secrets.required in wrangler.toml lists it.`

  it.each<[what: string, wrangler: object, devVars: string, found: string[]]>([
    [
      'names what wrangler dev would leave out, once',
      { secrets },
      "SESSION_SECRET='a'\nTHROTTLE_SECRET=b\n# OLD=c\n  export UPSTASH_REDIS_REST_URL = d\nTHROTTLE_SECRET=e\n",
      [unread('THROTTLE_SECRET'), unread('UPSTASH_REDIS_REST_URL')],
    ],
    ['is content with names that vars hold', { secrets, vars: { SHOP: 'a' } }, 'SHOP=b', []],
    [
      'is content with names that an environment requires',
      { secrets, env: { production: { secrets: { required: ['THROTTLE_SECRET'] } } } },
      'THROTTLE_SECRET=b',
      [],
    ],
    ['says nothing where all names are read', {}, 'THROTTLE_SECRET=b', []],
  ])('%s', (_what, wrangler, devVars, found) => {
    expect(reviewDevVars('wrangler.toml', wrangler, devVars)).toEqual(found)
  })
})

describe('a check of wrangler.toml', () => {
  it('finds the secret of the throttle among vars', () => {
    expect(reviewWrangler('wrangler.toml', { vars: { THROTTLE_SECRET: 'a' } })).toContain(
      'wrangler.toml: vars.THROTTLE_SECRET must be a secret: vars are visible in git and in the dashboard',
    )
  })
})
