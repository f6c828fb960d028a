/** The names that this example takes from the package, where the package is installed. */
export { createGateway, defineGateway } from 'portcullis/gateway'
export { serve } from 'portcullis/node'
export { redis } from 'portcullis/redis'
export { storedSessions } from 'portcullis/session'
export { upstashStore } from 'portcullis/store/upstash'
