/**
 * Parses and handles the console's form about the sessions of a user: it lists them, and ends one or all
 * of them. `console/create.ts` calls it and verifies the csrf token before a form is handled. A
 * malformed form gives undefined, which the caller answers with 400. Handling a form rejects as the
 * session store does, for example with `ERR_STORE_UNAVAILABLE`. A session that has already ended is
 * not an error.
 */
import type { EndAllArgs, EndOneArgs } from '../../session/core/types.ts'
import type { SessionInfo, SessionStrategy } from '../../session/index.ts'
import type { SessionPanel } from './page/page.ts'

/** The fields of a form. */
export interface SessionForm {
  readonly action: 'find' | 'end' | 'end-all'
  readonly user: string
  /** Digest of the session to end. */
  readonly id: string | undefined
  readonly token: string
}

/** A session strategy with the administrative functions, which only some strategies have. */
type AdministrableStrategy = SessionStrategy<object> & {
  list?(args: { readonly user: string; readonly env?: unknown }): Promise<SessionInfo[]>
  endOne?(args: EndOneArgs): Promise<boolean>
  endAll?(args: EndAllArgs): Promise<unknown>
}

/** The context in which a form is handled. */
export interface FormContext {
  readonly strategy: SessionStrategy<object> | undefined
  readonly env: unknown
  /** The object with which events are emitted, so that they reach the listener of the request. */
  readonly context: object
  /** The user who sent the form, for the event; undefined if the session names no user. */
  readonly actor: string | undefined
}

const maxUserLength = 256

/** Parses a form; returns undefined for a form that the page cannot have sent. */
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

/**
 * Finds out whether an administrator can list sessions of a strategy (`list`), only end all of a user, or neither
 * (`none`).
 */
export function findSupport(
  strategy: SessionStrategy<object> | undefined,
): SessionPanel['support'] {
  const { kind, list, endAll, namesUser } = (strategy ?? {}) as Partial<AdministrableStrategy>
  if (namesUser === false || typeof endAll !== 'function') return 'none'
  return kind === 'stored' && typeof list === 'function' ? 'list' : 'end-all'
}

/**
 * Performs the action of a form and returns the panel that shows the result. It rejects as the session strategy does.
 */
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
  const userSessions = support === 'list' ? await sessions.list?.({ user, env }) : undefined

  return { support, user, sessions: userSessions, message }
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
