/** The guard in front of every page, route handler and Server Function. As `middleware.ts` it is the same file. */
import { strictCsp } from 'portcullis/headers'
import { vercel } from 'portcullis/vercel'
import { sessions } from './lib/sessions.ts'

export default vercel({
  publicOrigin: () => process.env.PUBLIC_ORIGIN,
  session: sessions,
  user: ({ user }) => user,
  signIn: '/login',
  assertion: { key: () => process.env.ASSERTION_KEY },
  headers: {
    preset: 'recommended',
    // React writes style attributes, and Next loads its chunks without Trusted Types: both break under the default.
    contentSecurityPolicy: strictCsp({
      styleSrc: ["'self'", "'unsafe-inline'"],
      requireTrustedTypesFor: null,
    }),
  },
  routes: [
    { path: '/', access: 'public' },
    { path: '/login', access: 'public' },
    { path: '/api/seen', access: 'public' },
    { path: '/api/upload', access: 'public' },
    // What is not listed needs a session.
  ],
})

// A literal, or Next does not read it. With `'/'`: a project with basePath or i18n has its home page there. With each `$`:
// without it /favicon.icoX would go past the guard.
export const config = { matcher: ['/', '/((?!_next/static/|_next/image/?$|favicon\\.ico$).*)'] }
