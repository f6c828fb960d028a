/** A gateway for bare workerd that tells of everything on its console, and whose schedule a request can start. */
import { createGateway, type Gateway } from '../../../src/gateway/index.ts'
import { monitor, uptime } from '../../../src/monitor/index.ts'

/** Text bindings of the test. */
export interface Bindings {
  readonly PUBLIC_ORIGIN: string
  readonly UPSTREAM_URL: string
}

const gateway: Gateway<Bindings> = createGateway<'app', object, Bindings>({
  publicOrigin: (c) => c.env.PUBLIC_ORIGIN,
  hosts: ['127.0.0.1:*'],
  upstreams: { app: { url: (c) => c.env.UPSTREAM_URL, probe: '/probe' } },
  routes: [{ path: '/*', to: 'app', access: 'public' }],
  monitor: monitor({
    log: async (line) => {
      console.log(JSON.stringify(line))
      await undefined
      throw new Error('a log that fails')
    },
    trace: true,
    serverTiming: true,
  }),
  ready: { upstreams: true },
  uptime: uptime({ failures: 1 }),
  onEvent: (event) => console.log(JSON.stringify(event)),
})

export default {
  async fetch(
    request: Request,
    env: Bindings,
    context: { waitUntil(work: Promise<unknown>): void },
  ): Promise<Response> {
    if (!request.url.endsWith('/run-schedule')) return gateway.fetch(request, env, context)
    await gateway.scheduled({}, env, context)
    return new Response('done')
  },
}
