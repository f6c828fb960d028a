/**
 * The guard of a test project: it names no policy, so that the default one is what browsers see.
 */
import { type NextOptions, vercel } from 'portcullis/vercel'
import { type Data, sessions } from './lib/sessions.ts'
import project from './project.json' with { type: 'json' }

interface Settings {
  basePath?: string
  trailingSlash?: boolean
  rewrites?: NextOptions['rewrites']
  i18n?: { locales: string[]; defaultLocale: string; domains?: NextOptions['domains'] }
}

const { basePath, trailingSlash, rewrites, i18n } = project as Settings
/**
 * Whether base path and locales are left out, so that the guard reads them from
 * `request.nextUrl`.
 */
const learns = process.env.GUARD_LEARNS === '1'

export default vercel<Data>({
  publicOrigin: () => process.env.PUBLIC_ORIGIN,
  hosts: () => (process.env.OTHER_HOST ? [process.env.OTHER_HOST] : []),
  session: sessions,
  user: ({ user }) => user,
  roles: ({ user }) => (user === 'alice' ? ['admin'] : []),
  signIn: '/login',
  next: {
    ...(!learns && basePath && { basePath }),
    ...(trailingSlash && { trailingSlash }),
    ...(rewrites && { rewrites }),
    ...(!learns &&
      i18n && {
        locales: i18n.locales,
        defaultLocale: i18n.defaultLocale,
        domains: i18n.domains ?? [],
      }),
  },
  routes: [
    { path: '/', access: 'public' },
    { path: '/login', access: 'public' },
    { path: '/gallery', access: 'public' },
    { path: '/images/*', access: 'public' },
    { path: '/api/login', access: 'public' },
    { path: '/admin/*', access: { role: 'admin' } },
  ],
})

export const config = { matcher: ['/', '/((?!_next/static/|_next/image/?$|favicon\\.ico$).*)'] }
