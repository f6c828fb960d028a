/** The function that Vercel calls. */
import { vercel } from '../../../src/vercel/index.ts'
import { app, type Env } from './_app.ts'

export default { fetch: vercel(app, { env: process.env as unknown as Env }) }
