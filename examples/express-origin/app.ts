/** A plain Express app: no session library, no security headers, no proxy code. The gateway in front has those. */
import express, { type Express, type Request, type Response } from 'express'
import { verify } from './accounts.ts'
import { graphql } from './articles.ts'
import { careless } from './careless.ts'
import { compare } from './compare.ts'
import { events } from './live.ts'
import * as pages from './pages.ts'
import { devices, gateway, identify, session } from './portcullis.ts'
import { unsteady } from './unsteady.ts'

/** What the gateway's `claims(data)` lets this origin see of the session. */
interface Claims {
  visits?: number
  name?: string
  roles?: string[]
}

/** The app, without a server. */
export function createApp(): Express {
  const app = express()
  app.set('env', 'development') // stack traces in error pages, whatever NODE_ENV says

  app.use((_req, res, next) => {
    res.set('Server', 'demo/1.0') // and Express adds X-Powered-By
    next()
  })
  app.use(express.static(`${import.meta.dirname}/public`))
  app.get('/favicon.ico', (_req, res) => {
    res.status(204).end()
  })
  app.use(careless(), events(), graphql(), unsteady())

  app.use(async (req, res, next) => {
    try {
      res.locals.who = await visitor(req)
    } catch {
      res.status(401).type('text').send('This assertion is not from the gateway.\n')
      return
    }
    next()
  })

  app.get('/', async (req, res) => {
    const counted = req.method === 'GET' && session(req, res, { incr: { visits: 1 } })
    const direct = `http://127.0.0.1:${req.socket.localPort}`
    const comparison = await compare(gateway, direct)
    const worker = process.env.PORTCULLIS_CONFIG === 'worker'
    const body = pages.home(who(res), { counted, gateway, direct, comparison, worker })
    show(res, 'Security for an app that has none', body, nonce(req))
  })

  app.get('/login', (req, res) => {
    show(res, 'Log in', pages.login(samePlace(req.query.return_to), '', false))
  })

  app.post('/login', express.urlencoded({ extended: false, limit: '4kb' }), async (req, res) => {
    const { user, password, return_to } = (req.body ?? {}) as Record<string, unknown>
    const name = typeof user === 'string' ? user.trim().toLowerCase() : ''
    const data = await verify(name, typeof password === 'string' ? password : '')
    if (!data) {
      res.status(401)
      show(res, 'Log in', pages.login(samePlace(return_to), name, true))
    } else if (session(req, res, { start: { data, keep: ['visits'] } })) {
      res.redirect(303, samePlace(return_to))
    } else {
      res.status(503)
      show(
        res,
        'Log in',
        pages.message(
          'There is no gateway in front of this origin, or it keeps no sessions for this path.',
        ),
      )
    }
  })

  app.post('/logout', (req, res) => {
    session(req, res, { end: true })
    res.redirect(303, '/')
  })

  app.get('/account', (_req, res) => {
    if (!who(res).user) return res.redirect(303, '/login?return_to=/account')
    show(res, 'Account', pages.account(who(res)))
  })

  app.get(['/device', '/device/proof'], (req, res) => {
    show(res, 'This device', pages.device(who(res), req.path, gateway))
  })

  app.get('/devices', (req, res) => {
    if (!who(res).user) return res.redirect(303, '/login?return_to=/devices')
    show(res, 'Devices', pages.devices(devices(req)))
  })

  app.post('/devices', express.urlencoded({ extended: false, limit: '4kb' }), (req, res) => {
    const { end, others } = (req.body ?? {}) as Record<string, unknown>
    if (!who(res).user) return res.redirect(303, '/login?return_to=/devices')
    if (typeof end === 'string' && end !== '') session(req, res, { end: { id: end } })
    else if (others === '1') session(req, res, { endAll: { exceptCurrent: true } })
    res.redirect(303, '/devices')
  })

  // The gateway asks for the role before it asks this origin; an origin that asks again survives a mistake in its rules.
  app.get(['/admin', '/admin/*rest'], (_req, res) => {
    const allowed = who(res).roles.includes('admin')
    res.status(allowed ? 200 : 403)
    show(
      res,
      'Administration',
      pages.message(allowed ? 'Welcome, administrator.' : 'This is for administrators.'),
    )
  })

  // What a gateway guards by more than a role. This origin knows nothing of these rules.
  for (const path of ['/password', '/regulars', '/here', '/office']) {
    app.get(path, (_req, res) => show(res, path.slice(1), pages.message('You may be here.')))
  }

  app.get('/other-site', (_req, res) => show(res, 'Another site', pages.otherSite(gateway)))
  app.get('/inline', (_req, res) => show(res, 'A script without a nonce', pages.inline()))

  app.get('/live', (req, res) => {
    show(res, 'Live', pages.live(), nonce(req))
  })

  app.use((_req, res) => {
    res.status(404)
    show(res, 'Not found', pages.message('There is nothing here.'))
  })
  return app
}

async function visitor(req: Request): Promise<pages.Visitor> {
  const identity = await identify<Claims>(req)
  const { name, roles = [], visits = 0 } = identity?.claims ?? {}
  const authTime = typeof identity?.auth_time === 'number' ? identity.auth_time : undefined
  return { user: identity?.sub, name, roles, visits, authTime, bound: identity?.bound === true }
}

function who(res: Response): pages.Visitor {
  return res.locals.who
}

function show(
  res: Response,
  title: string,
  body: ReturnType<typeof pages.message>,
  script?: string,
): void {
  res.type('html').send(pages.layout(title, who(res), body, script))
}

/** The nonce the gateway will allow, from the policy it sends along with the request; `''` where there is none. */
function nonce(req: Request): string {
  return /'nonce-([\w+/=-]{1,64})'/.exec(req.get('content-security-policy') ?? '')?.[1] ?? ''
}

/** A path on this site to go to after the login; `/` for anything else, such as `//evil.test` or `/.//evil.test`. */
function samePlace(value: unknown): string {
  if (typeof value !== 'string' || !value.startsWith('/') || value.length > 1024) return '/'
  const here = 'http://here.invalid'
  const url = URL.canParse(value, here) ? new URL(value, here) : undefined
  return url?.origin === here && !url.pathname.startsWith('//') ? url.pathname + url.search : '/'
}
