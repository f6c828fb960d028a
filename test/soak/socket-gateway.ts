/**
 * The gateway of the socket soak, for workerd and for Node: one upstream, and a request that
 * collects garbage first.
 */
import { createGateway, type Gateway } from '../../src/gateway/index.ts'

interface Bindings {
  readonly UPSTREAM_URL: string
}

const gateway: Gateway<Bindings> = createGateway<'app', object, Bindings>({
  publicOrigin: 'http://localhost',
  platform: 'none',
  limits: false,
  upstreams: { app: { url: (c) => c.env.UPSTREAM_URL, timeoutMs: 20_000 } },
  routes: [{ path: '/*', to: 'app', access: 'public', csrf: false }],
  onFault: () => {},
})

export default {
  async fetch(
    request: Request,
    env: Bindings,
    context: Parameters<Gateway<Bindings>['fetch']>[2],
  ): Promise<Response> {
    if (!request.url.endsWith('/.gc')) return gateway.fetch(request, env, context)
    const { gc } = globalThis as { gc?: () => void }
    // Twice, with a turn between: what is finalized after the first may free more.
    for (let times = 0; times < 2; times++) {
      gc?.()
      await new Promise((done) => setTimeout(done, 50))
    }
    gc?.()
    return new Response(null, { status: 204 })
  },
}
