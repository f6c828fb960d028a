/** A gateway for bare workerd whose routes keep what is the same for everybody. */
import { createGateway, type Gateway, publicCache } from '../../../src/gateway/index.ts'

interface Bindings {
  readonly UPSTREAM_URL: string
}

const gateway: Gateway<Bindings> = createGateway<'app', object, Bindings>({
  publicOrigin: 'http://gateway.test',
  hosts: ['localhost', '127.0.0.1:*'],
  upstreams: { app: { url: (c) => c.env.UPSTREAM_URL } },
  routes: [
    {
      path: '/kept/*',
      to: 'app',
      access: 'public',
      retry: false,
      cache: publicCache({ staleIfError: 300, query: ['q'] }),
    },
    { path: '/*', to: 'app', access: 'public' },
  ],
})

export default gateway
