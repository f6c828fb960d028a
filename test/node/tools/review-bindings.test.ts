import { describe, expect, it } from 'vitest'
import { reviewWrangler } from '../../../cli/review.ts'
import { reviewBindings } from '../../../cli/review-bindings.ts'

type Env = { env: Record<string, { getByName(name: string): object }> }

const config = {
  upstreams: {
    api: { binding: (c: Env) => c.env.API },
    room: { binding: (c: Env) => c.env.ROOMS?.getByName('a') },
    files: { assets: (c: Env) => c.env.ASSETS },
    plain: { binding: { fetch: () => {} } },
    far: { url: 'https://far.example' },
  },
}
const bound = {
  services: [{ binding: 'API', service: 'api' }],
  durable_objects: { bindings: [{ name: 'ROOMS', class_name: 'Room' }] },
  assets: { directory: 'public', binding: 'ASSETS', run_worker_first: true },
}

describe('a check of bindings', () => {
  it('is content where wrangler.toml binds each of them', () => {
    expect(reviewBindings(config, bound)).toEqual([])
    const other = { ...bound, services: [], vpc_services: [{ binding: 'API', service_id: 'x' }] }
    expect(reviewBindings(config, other)).toEqual([])
  })

  it('names each that is missing, in each environment: only assets are inherited', () => {
    const missing = (at: string, option: string, name: string): string =>
      `${at}upstreams.${option} reads c.env.${name}, which wrangler.toml does not bind`
    expect(reviewBindings(config, { services: bound.services })).toEqual([
      missing('', 'room.binding', 'ROOMS'),
      missing('', 'files.assets', 'ASSETS'),
    ])
    expect(reviewBindings(config, { ...bound, env: { production: {} } })).toEqual([
      missing('env.production: ', 'api.binding', 'API'),
      missing('env.production: ', 'room.binding', 'ROOMS'),
    ])
  })

  // GET /private.pdf is served by the platform, and no gateway is asked.
  it.each([
    [{ directory: 'public', binding: 'ASSETS' }, 1],
    [{ directory: 'public', binding: 'ASSETS', run_worker_first: false }, 1],
    [{ directory: 'public', binding: 'ASSETS', run_worker_first: ['/api/*'] }, 1],
    [{ directory: 'public', binding: 'ASSETS', run_worker_first: true }, 0],
    [{ directory: 'public', binding: 'ASSETS', run_worker_first: ['/*'] }, 0],
    [{ directory: 'public', binding: 'ASSETS', run_worker_first: ['/*', '!/private/*'] }, 1],
  ])('finds files that are served past the gateway: %o', (assets, count) => {
    const found = reviewWrangler('wrangler.toml', { assets }).filter((text) =>
      text.includes('assets.run_worker_first must be true'),
    )
    expect(found).toHaveLength(count)
  })
})
