/** Who is asking, and whether a route lets them pass. */
import type { SessionInfo } from '../session/index.ts'
import type { Reason } from '../types.ts'
import type { Plan } from './plan.ts'
import type { Access } from './route.ts'
import type { Visit } from './visit.ts'

/** The session of a request, read once. */
export interface Who {
  readonly data: object
  readonly info: SessionInfo
}

/** Reads the session of a request; undefined where there is none. */
export async function whoIsAsking(plan: Plan, visit: Visit): Promise<Who | undefined> {
  if (plan.session === undefined) return undefined
  const { request, env } = visit
  visit.session ??= plan.session.open({ request, env })
  const data = await visit.session.get()
  const info = data && (await visit.session.info())
  return data && info && { data, info }
}

/** Why somebody may not pass; undefined where they may. */
export function refuseAccess(plan: Plan, access: Access, who: Who | undefined): Reason | undefined {
  if (access === 'public') return undefined
  // A visitor's session, which an upstream may make for a counter or a cart, is nobody's.
  if (who === undefined || !who.info.signedIn) return 'no-session'
  if (access === 'session') return undefined
  const wanted = [access.role].flat()
  const roles = plan.roles?.(who.data)
  // `roles` is the application's: what it returns for odd data is not always the list its type promises.
  return Array.isArray(roles) && wanted.some((role) => roles.includes(role)) ? undefined : 'role-missing'
}
