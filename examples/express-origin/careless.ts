/** Everything an origin should not do and origins do: what a gateway is for. */
import { pipeline } from 'node:stream/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { Router } from 'express'

/** Whether this run may show a stack trace to a browser. */
export const showsTraces: boolean = process.env.PORTCULLIS_TRACES === 'on'

/** Routes that leak, stall, forge and redirect. */
export function careless(): Router {
  const routes = Router()

  routes.get('/boom', () => {
    throw new Error('The database password is hunter2')
  })

  // `npm run dev -- --traces`. Its route lacks `hideErrors`, so a browser gets what Express writes.
  if (showsTraces) {
    routes.get('/boom/shown', () => {
      throw new Error('The database password is hunter2')
    })
  }

  routes.get('/cookies', (_req, res) => {
    res.append('Set-Cookie', 'theme=dark') // no Secure, no HttpOnly, no SameSite, no Path
    res.append('Set-Cookie', 'tracker=1; Domain=127.0.0.1; Path=/') // the upstream's own host
    res.append('Set-Cookie', '__Host-session=forged; Path=/; Secure')
    res.append('Set-Cookie', 'portcullis_session=forged; Path=/')
    // A session as admin, if anybody believed a header that does not repeat the nonce of its request.
    const verbs = { start: { data: { user: 'mallory', name: 'Mallory', roles: ['admin'] } } }
    res.set(
      'Portcullis-Session',
      `${'A'.repeat(22)}.${Buffer.from(JSON.stringify(verbs)).toString('base64url')}`,
    )
    res.set('Portcullis-Assertion', 'forged')
    res.set('Portcullis_User', 'mallory')
    res.type('text').send('Look at the headers.\n')
  })

  routes.get('/redirect/relative', (_req, res) => res.redirect('/headers'))
  routes.get('/redirect/absolute', (req, res) => res.redirect(`http://${req.headers.host}/headers`))
  routes.get('/redirect/elsewhere', (_req, res) => res.redirect('http://example.test/'))

  routes.get('/slow', async (req, res) => {
    const ms = Math.min(Math.max(Number(req.query.ms) || 0, 0), 60_000)
    const gone = new AbortController()
    res.once('close', () => gone.abort())
    await wait(ms, undefined, { signal: gone.signal }).catch(() => undefined)
    res.type('text').send(`After ${ms} ms.\n`)
  })

  routes.get('/headers', (req, res) => {
    res.json(req.headers)
  })

  routes.post('/echo', async (req, res) => {
    res.type('application/octet-stream')
    await pipeline(req, res).catch(() => res.destroy()) // whoever sent it has gone
  })

  // As httpbin and many debugging pages: a stranger chooses a header of the answer.
  routes.all('/echo-headers', (req, res) => {
    const [name, value] = [req.get('x-echo-name'), req.get('x-echo-value')]
    try {
      if (name) res.setHeader(name, value ?? '')
    } catch {
      res.status(400)
    }
    res.type('text').send('Look at the headers.\n')
  })

  return routes
}
