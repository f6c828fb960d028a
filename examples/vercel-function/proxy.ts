/** The guard in front of functions and files, named by `proxy.entrypoint` in vercel.json. */
import { vercel } from '../../src/vercel/index.ts'
import { type Env, sessions } from './api/_app.ts'

export default vercel(
  {
    publicOrigin: ({ env }) => env.PUBLIC_ORIGIN,
    session: sessions,
    routes: [
      { path: '/', access: 'public' },
      { path: '/api/login', methods: ['POST'], access: 'public' },
    ],
  },
  { env: process.env as unknown as Env },
)

export const config = { matcher: ['/', '/((?!favicon\\.ico$).*)'] }
