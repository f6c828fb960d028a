/** The same gateway as a Worker, over the stores that only Cloudflare has. */
import {
  durableObjectStore,
  type ObjectNamespace,
  PortcullisObject,
} from '../../src/durable-object/index.ts'
import { type D1Database, d1Store } from '../../src/store/d1.ts'
import { createStoreGateway, type GatewayEnv } from './stores-gateway.ts'

interface WorkerEnv extends GatewayEnv {
  readonly PORTCULLIS: ObjectNamespace
  readonly DB: D1Database
  readonly STORE: 'durable-object' | 'd1'
}

const timeoutMs = 20_000
const database = d1Store<WorkerEnv>({ database: (c) => c.env.DB, timeoutMs })
const gateways = {
  'durable-object': createStoreGateway<WorkerEnv>(
    durableObjectStore<WorkerEnv>({ namespace: (c) => c.env.PORTCULLIS, timeoutMs }),
  ),
  d1: createStoreGateway<WorkerEnv>(database),
}

export { PortcullisObject }

export default {
  async fetch(
    request: Request,
    env: WorkerEnv,
    context: { waitUntil(work: Promise<unknown>): void },
  ): Promise<Response> {
    if (new URL(request.url).pathname !== '/.test/migrate')
      return gateways[env.STORE].fetch(request, env, context)
    await database.migrate({ env })
    return new Response('migrated')
  },
}
