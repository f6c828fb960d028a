/** The names that this example takes from the package. In a project of your own: `installed.js`, under this name. */
export { serve } from '../../node/index.ts'
export { createGateway, defineGateway, type GatewayConfig } from '../../src/gateway/index.ts'
export { redis } from '../../src/redis/index.ts'
export { storedSessions } from '../../src/session/index.ts'
export { upstashStore } from '../../src/store/upstash.ts'
