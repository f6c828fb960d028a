/** What Keystone 6 did until yesterday: `statelessSessions({ secret, maxAge })`, here without the rest of Keystone. */
import Iron from '@hapi/iron'

/** The name Keystone gives its cookie. */
export const keystoneCookieName = 'keystonejs-session'

/** The Set-Cookie header with which Keystone answered a login. */
export async function keystoneLogin(data: object, secret: string): Promise<string> {
  const maxAge = 60 * 60 * 8
  const sealed = await Iron.seal(data, secret, { ...Iron.defaults, ttl: maxAge * 1000 })
  return `${keystoneCookieName}=${sealed}; Max-Age=${maxAge}; Path=/; HttpOnly; Secure; SameSite=Lax`
}
