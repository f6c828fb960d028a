/**
 * Handles the form of the console: shows the sessions of a user, and ends one or all of them.
 * `console/create.ts` calls it after the form's token was verified. It throws what the session
 * store throws, such as `ERR_STORE_UNAVAILABLE`.
 */
import type { EndAllArgs, EndOneArgs } from '../../session/core/types.ts'
import type { SessionInfo, SessionStrategy } from '../../session/index.ts'
import type { SessionPanel } from './page/page.ts'

/** The request of a form. */
export interface SessionForm {
  readonly action: 'find' | 'end' | 'end-all'
  readonly user: string
  /** Digest of the session to end. */
  readonly id: string | undefined
  readonly token: string
}

/** The verbs that only some strategies have. */
type AdministrableStrategy = SessionStrategy<object> & {
  list?(args: { readonly user: string; readonly env?: unknown }): Promise<SessionInfo[]>
  endOne?(args: EndOneArgs): Promise<boolean>
  endAll?(args: EndAllArgs): Promise<unknown>
}

/** The viewer who sent the form, and the services that it uses. */
export interface FormContext {
  readonly strategy: SessionStrategy<object> | undefined
  readonly env: unknown
  /** By this object events find the listener of the request. */
  readonly context: object
  /** The administrator, for the tag in the event. */
  readonly actor: string | undefined
}

const maxUserLength = 256

/** Parses a form; undefined for one that the page did not make. */
export function parseSessionForm(text: string): SessionForm | undefined {
  const fields = new URLSearchParams(text)
  const action = fields.get('do')
  const user = fields.get('user')?.trim() ?? ''
  if (action !== 'find' && action !== 'end' && action !== 'end-all') return undefined
  if (user === '' || user.length > maxUserLength) return undefined
  const id = fields.get('id') ?? undefined
  if (action === 'end' && id === undefined) return undefined
  return { action, user, id, token: fields.get('csrf_token') ?? '' }
}

/** Finds the verbs of a strategy that an administrator can use. */
export function findSupport(
  strategy: SessionStrategy<object> | undefined,
): SessionPanel['support'] {
  const { kind, list, endAll, namesUser } = (strategy ?? {}) as Partial<AdministrableStrategy>
  if (namesUser === false || typeof endAll !== 'function') return 'none'
  return kind === 'stored' && typeof list === 'function' ? 'list' : 'end-all'
}

/** Does what a form asks for, and returns what the page shows of it. It throws what the verbs of sessions throw. */
export async function handleSessionForm(
  form: SessionForm,
  { strategy, env, context, actor }: FormContext,
): Promise<SessionPanel> {
  const support = findSupport(strategy)
  const { user } = form
  const sessions = strategy as AdministrableStrategy
  if (support === 'none')
    return { support, user: undefined, sessions: undefined, message: undefined }

  const by = { actor: 'administrator', ...(actor !== undefined && { user: actor }) } as const
  const message = await runAction(form, sessions, { user, env, context, by })
  const list = support === 'list' ? await sessions.list?.({ user, env }) : undefined
  return { support, user, sessions: list, message }
}

async function runAction(
  { action, id }: SessionForm,
  sessions: AdministrableStrategy,
  args: EndAllArgs,
): Promise<string | undefined> {
  if (action === 'end-all') {
    const count = await sessions.endAll?.(args)
    if (typeof count !== 'number') return 'All sessions were ended.'
    return count === 1 ? 'One session was ended.' : `${count} sessions were ended.`
  }
  if (action !== 'end' || id === undefined) return undefined
  const wasAlive = await sessions.endOne?.({ ...args, id })
  return wasAlive ? 'The session was ended.' : 'This session had already ended.'
}
