/** Serves the gateway: `PORT` (default 3000), `HOST`, `TRUSTED_PROXIES`, and what gateway.config.ts reads. */
import { config } from './gateway.config.ts'
import { createGateway, serve } from './portcullis.ts'

const { PORT = '3000', HOST = '127.0.0.1', TRUSTED_PROXIES = '0' } = process.env
const { url } = await serve(createGateway(config), {
  port: Number(PORT),
  host: HOST,
  trustedProxies: Number(TRUSTED_PROXIES),
})
console.log(`gateway on ${url}`)
