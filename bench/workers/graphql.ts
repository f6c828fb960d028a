/** A GraphQL endpoint behind each kind of guard: 200 where a request passes, and a refusal of 4xx. */
import { type Context, Hono } from 'hono'
import { createGateway, defineGateway, gatewayThrottle } from '../../src/gateway/index.ts'
import { type GraphqlGuardOptions, graphqlGuard } from '../../src/graphql/index.ts'
import { memoryThrottle } from '../../src/limit/throttle/stores/memory-throttle.ts'
import { secret } from './data.ts'

/** As large as each option may be, so that nothing is refused early. */
const widest: GraphqlGuardOptions<Context> = {
  ...{ maxTokens: 100_000, maxDepth: 1000, maxAliases: 100_000, maxDirectives: 100_000 },
  ...{ maxRootFields: 100_000, maxFields: 1_000_000, maxVariableDepth: 1000, maxBatch: 1000 },
  ...{ maxTake: 1_000_000_000, introspection: true, form: true },
}

/** `none` reads the body and looks at nothing. */
export const endpoints: Readonly<Record<string, () => object>> = {
  none: () => new Hono().post('/graphql', async (c) => answer(c)),
  guard: () => guarded({ form: true }),
  widest: () => guarded(widest),
  throttle: () => throttled(undefined),
  'throttle, widest': () => throttled(10_000),
}

function guarded(options: GraphqlGuardOptions<Context>): object {
  return new Hono().use(graphqlGuard(options)).post('/graphql', async (c) => answer(c))
}

async function answer(c: Context): Promise<Response> {
  return c.text(`${(await c.req.arrayBuffer()).byteLength}`)
}

function throttled(maxTokens: number | undefined): object {
  return createGateway(
    defineGateway({
      publicOrigin: 'http://localhost',
      upstreams: { app: { url: (c: { env: { UPSTREAM: string } }) => c.env.UPSTREAM } },
      throttle: gatewayThrottle({ store: memoryThrottle(), secret, perAddress: 100_000 }),
      routes: [
        {
          path: '/graphql',
          methods: ['POST'],
          to: 'app',
          access: 'public',
          csrf: false,
          throttle: {
            account: {
              graphql: 'login',
              argument: 'email',
              ...(maxTokens !== undefined && { maxTokens }),
            },
            success: { cookie: 'sid' },
          },
        },
      ],
    } as never),
  )
}
