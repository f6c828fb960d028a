/** What each server of this folder does with a session, whatever its framework is. */
import type { OriginSession } from './portcullis.ts'

/** A response: JSON, or a redirect where `location` is set. */
export interface ShopResponse {
  readonly status: number
  readonly json?: unknown
  readonly location?: string
}

/** Serves one request. `form` has the fields of the body. */
export function serveShop(
  method: string,
  path: string,
  form: Readonly<Record<string, string>>,
  session: OriginSession,
): ShopResponse {
  switch (`${method} ${path}`) {
    case 'POST /login':
      return signIn(form, session)
    case 'POST /cart':
      session.set({ cart: form.item })
      session.increment('items')
      session.flash('notice', `${form.item} is in your cart`)
      return { status: 303, location: '/cart' }
    case 'POST /logout':
      session.end()
      session.flash('notice', 'Bye')
      return { status: 303, location: '/' }
    case 'GET /devices':
      return { status: 200, json: session.list() ?? null }
    case 'POST /devices':
      if (form.id === undefined) session.endAll({ exceptCurrent: true })
      else session.endOther(form.id)
      return { status: 303, location: '/devices' }
    case 'GET /cart':
      return { status: 200, json: { claims: session.claims, messages: session.messages() } }
    default:
      // A page for signed-in users only.
      if (session.assertion === undefined) return { status: 401, json: {} }
      return { status: 200, json: session.assertion }
  }
}

function signIn(form: Readonly<Record<string, string>>, session: OriginSession): ShopResponse {
  if (form.password !== 'wonderland') return { status: 401, json: { error: 'wrong password' } }
  session.start({ user: form.user }, { keep: ['cart', 'items'] })
  return { status: 303, location: '/' }
}
