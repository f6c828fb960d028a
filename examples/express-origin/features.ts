/** What the home page lets a visitor try: a section for each thing the gateway does, with what it will answer. */
import { showsTraces } from './careless.ts'

/** Something to follow or to press. */
export type Try =
  /** A page, and the status that this visitor gets. `text`: what is shown in place of the path. */
  | {
      readonly is: 'link'
      readonly path: string
      readonly answers: string
      readonly what: string
      readonly text?: string
    }
  /** A request by the page's script, as often as `times` says; what came back is shown beside it. */
  | {
      readonly is: 'button'
      readonly text: string
      readonly answers: string
      readonly path: string
      readonly shows?: string
      readonly times?: number
      readonly body?: string
      readonly anonymous?: boolean
    }
  /** A form with one field of `value`. */
  | {
      readonly is: 'form'
      readonly text: string
      readonly answers: string
      readonly path: string
      readonly type?: string
      readonly value: string
    }

/** One thing the gateway does. */
export interface Feature {
  readonly name: string
  /** What the gateway does there. */
  readonly does: string
  readonly tries: readonly Try[]
}

/** For whom the page is. */
export interface Audience {
  readonly user?: string | undefined
  readonly roles: readonly string[]
  readonly visits: number
  readonly authTime?: number | undefined
  readonly bound?: boolean | undefined
  /** Whether the gateway runs the deployable's configuration, which has fewer rules than the demo's. */
  readonly worker?: boolean
  /** This origin's own address, which is another site than the gateway's. */
  readonly direct: string
}

const link = (path: string, answers: string, what: string, text?: string): Try => {
  return { is: 'link', path, answers, what, ...(text !== undefined && { text }) }
}

/** What the deployable's configuration answers where it is another answer: by text of a button, or path of a link. */
const workerAnswers: Readonly<Record<string, string>> = {
  'Six wrong passwords for carol': '401',
  '/password': '200',
  '/regulars': '200',
  '/office': '200',
  '/device/proof': '200',
  '/device': '200',
  'Ask six times': '200',
  'Ask three times without a cookie': '200: made anew each time',
  'Ask a page that fails every second time': '200, then 503',
  'Ask an origin that always breaks, four times': '502',
  '/nowhere': '404',
  '/late': '200',
  'Six levels deep': '200',
  'take: -1': '200',
  'The schema': '200',
  'Send 2,000 bytes': '200',
  'Send plain text': '200',
}

/** All of them, with the answers that this visitor gets from this gateway. */
export function features(who: Audience): readonly Feature[] {
  const all = listFeatures(who)
  if (!who.worker) return all
  return all.map((feature) => ({
    ...feature,
    tries: feature.tries.map((each) => {
      const name = each.is === 'link' ? each.path : each.text
      return { ...each, answers: workerAnswers[name] ?? each.answers }
    }),
  }))
}

function listFeatures(who: Audience): readonly Feature[] {
  const signedIn = who.user !== undefined
  const needs = (allowed: boolean): string => (signedIn ? (allowed ? '200' : '403') : '303')
  const fresh = who.authTime !== undefined && Date.now() / 1000 - who.authTime < 60
  const query = (text: string, answers: string, graphql: string): Try => {
    return {
      is: 'button',
      text,
      answers,
      path: '/graphql',
      body: JSON.stringify({ query: graphql }),
    }
  }
  return [
    {
      name: 'Sessions',
      does: 'The counter above is in the session: behind a cookie that scripts cannot read. The origin sends one header, the gateway does the rest.',
      tries: [
        link('/', '200', 'Counts once more.'),
        link('/login', '200', 'A login gets a new cookie and keeps the count.'),
        link(
          '/account',
          signedIn ? '200' : '303',
          'Needs somebody signed in; others are sent to the login form and back.',
        ),
        link(
          '/devices',
          signedIn ? '200' : '303',
          'Where you are signed in, with a button to end each.',
        ),
        link(
          '/device',
          signedIn ? '200' : '303',
          'Copy the cookie to curl and watch it die: npm run dev -- --device.',
        ),
        link(
          '/device/proof',
          // Sessions of a login at a provider are bound to no device, so there is no such route.
          process.env.PORTCULLIS_LOGIN === 'on' ? '404' : needs(who.bound === true),
          'Needs a session that is bound to its device, and a proof of the last ten seconds.',
        ),
      ],
    },
    {
      name: 'Wrong passwords',
      does: 'Counts each try before the password is looked at: after five wrong ones in a row 429, for a second, two, four. No account is named to the log.',
      tries: [
        {
          is: 'button',
          text: 'Six wrong passwords for carol',
          answers: '401, then 429',
          path: '/login',
          times: 6,
          body: 'user=carol&password=guess',
          shows: 'retry-after',
        },
      ],
    },
    {
      name: 'Who may pass',
      does: 'Says no before the origin is asked: by role, by how long ago somebody signed in, by what the session holds, by address.',
      tries: [
        link(
          '/admin',
          needs(who.roles.includes('admin')),
          'Needs the role admin: Alice has it, Bob has not.',
        ),
        link('/ADMIN/', needs(who.roles.includes('admin')), 'A guard covers every spelling.'),
        link(
          '/password',
          signedIn && fresh ? '200' : '303',
          'Needs a login of the last minute; later it asks for another.',
        ),
        link('/regulars', needs(who.visits + 1 >= 3), 'Needs three visits to this page.'),
        link('/here', '200', 'Open to addresses of this machine.'),
        link('/office', '403', 'Open to 203.0.113.0/24, where you are not.'),
      ],
    },
    {
      name: 'Rate limits',
      does: 'Lets five requests of an address through in 20 seconds, and tells with each answer how many are left.',
      tries: [
        {
          is: 'button',
          text: 'Ask six times',
          answers: '200, then 429',
          path: '/limited',
          times: 6,
          shows: 'ratelimit',
        },
        link('/limited', '200', 'The same as a page; 429 once those five are used up.'),
      ],
    },
    {
      name: 'Cache',
      does: 'Keeps public answers for ten seconds, by a key that holds nothing of who asked; who has a cookie goes past it. Where the origin fails, it gives what it had.',
      tries: [
        {
          is: 'button',
          text: 'Ask three times without a cookie',
          answers: '200: one time of making',
          path: '/cached',
          times: 3,
          shows: 'cache-status',
          anonymous: true,
        },
        link('/cached', '200', 'With your cookie: made anew each time.'),
        {
          is: 'button',
          text: 'Ask a page that fails every second time',
          answers: '200, also when it failed',
          path: '/unsteady',
          times: 4,
          shows: 'cache-status',
          anonymous: true,
        },
      ],
    },
    {
      name: 'An origin in trouble',
      does: 'Asks once more where a connection broke, stops asking an upstream that keeps failing, waits no longer than a route says, and shows no stack trace.',
      tries: [
        link(
          '/breaks-once',
          '200',
          'The origin breaks the first connection; the gateway tries again.',
        ),
        {
          is: 'button',
          text: 'Ask an origin that always breaks, four times',
          answers: '502, then 503',
          path: '/breaks',
          times: 4,
          shows: 'retry-after',
        },
        link('/nowhere', '502', 'An upstream where nobody listens.'),
        link('/late', '504', 'Takes three seconds; the route allows one.'),
        link('/slow?ms=1500', '200', 'Takes a second and a half, which is fine.'),
        link('/boom', '500', 'Throws; the stack trace stays behind the gateway (hideErrors).'),
        showsTraces
          ? link('/boom/shown', '500', 'The same without hideErrors: read the password.')
          : link('/boom/shown', '404', 'The same with its trace: npm run dev -- --traces.'),
        link('/nothing-here', '404', 'No route: the origin never hears of it.'),
      ],
    },
    {
      name: 'GraphQL',
      does: 'Counts what a query asks for before the server reads it: five levels, pages of 100, nothing about its schema.',
      tries: [
        query('A query', '200', '{ articles(take: 2) { title author { name } } }'),
        query(
          'Six levels deep',
          '400',
          '{ articles { author { articles { author { articles { title } } } } } }',
        ),
        query('take: -1', '400', '{ articles(take: -1) { title } }'),
        query('The schema', '403', '{ __schema { types { name } } }'),
      ],
    },
    {
      name: 'Live',
      does: 'Passes events on one by one and checks where a WebSocket comes from; both end with the session at the latest.',
      tries: [link('/live', '200', 'Server-sent events and a WebSocket that greets by name.')],
    },
    {
      name: 'Bodies',
      does: 'Takes the types a route names and counts bytes while they pass: here forms of 1,000 bytes at most.',
      tries: [
        {
          is: 'form',
          text: 'Send ten bytes',
          answers: '200',
          path: '/upload',
          value: '0123456789',
        },
        {
          is: 'form',
          text: 'Send 2,000 bytes',
          answers: '413',
          path: '/upload',
          value: '0123456789'.repeat(200),
        },
        {
          is: 'form',
          text: 'Send plain text',
          answers: '415',
          path: '/upload',
          type: 'text/plain',
          value: 'text',
        },
      ],
    },
    {
      name: 'Other sites',
      does: 'Refuses a form that another site sent with your cookie, without a token in any form.',
      tries: [
        { is: 'form', text: 'A form of this site', answers: '200', path: '/upload', value: 'yes' },
        link(
          `${who.direct}/other-site`,
          '200',
          'A page of another site; the button on it gets 403.',
          'Another site',
        ),
      ],
    },
    {
      name: 'Paths',
      does: 'Refuses what a guard and a server could read differently, before anybody is asked.',
      tries: [
        link('/files/..%2Fadmin', '400', 'A slash in disguise, and a way up.'),
        link('/here;/admin', '400', 'What Java servers cut off.'),
        link('/here%00', '400', 'A zero byte.'),
        link('/%68ere', '308', 'A letter written as its number: sent to the plain spelling.'),
      ],
    },
    {
      name: 'Headers and cookies',
      does: 'Adds what browsers should be told, removes what an origin tells of itself, and hardens its cookies and redirects.',
      tries: [
        {
          is: 'button',
          text: 'The headers of an answer',
          answers: '200',
          path: '/here',
          shows:
            'content-security-policy,strict-transport-security,permissions-policy,x-powered-by,server',
        },
        link(
          '/inline',
          '200',
          'A script without the nonce of its answer does not run, and the browser reports it: see the terminal.',
        ),
        link(
          '/headers',
          '200',
          'The request as this origin received it: no cookie of the gateway, an assertion, a trace.',
        ),
        link(
          '/cookies',
          '200',
          'Careless cookies get SameSite, on https also Secure; forged ones of the gateway stop there.',
        ),
        link('/redirect/relative', '302', 'Redirects to a path.'),
        link(
          '/redirect/absolute',
          '302',
          'Redirects to its own address, which the world need not know: it is rewritten.',
        ),
        link('/redirect/elsewhere', '302', 'Redirects to another site, which stays as it is.'),
      ],
    },
    {
      name: 'Operations',
      does: 'Writes a line of JSON for each request and each refusal into the terminal, passes traces on, and can close for maintenance: npm run dev -- --maintenance.',
      tries: [
        {
          is: 'button',
          text: 'How long it took',
          answers: '200',
          path: '/slow?ms=200',
          shows: 'server-timing,x-request-id',
        },
        link('/.portcullis/health', '200', 'Whether it answers.'),
        link('/.portcullis/ready', '200', 'Whether it can serve.'),
        link('/.portcullis/jwks.json', '200', 'The keys that assertions are signed with.'),
      ],
    },
  ]
}
