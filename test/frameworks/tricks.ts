/** What an attacker does to try more passwords than the limit lets through, each with 60 wrong ones. */
import { gzipSync } from 'node:zlib'
import type { Draft, Trial } from './trial.ts'
import type { Login } from './types.ts'

/** One way around a limit. */
export interface Trick {
  /** Row of the list of faults that it comes from. */
  readonly id: string
  readonly title: string
  /** Fewer than the limit may reach the check: some tries are counted that no password decided. */
  readonly fewer?: boolean
  /** The attacker signs in to an account of its own. */
  readonly signsIn?: boolean
  /** Such an upstream is given up after 300 ms. */
  readonly slow?: boolean
  /** Nobody waits for the answers. */
  readonly leaves?: boolean
  suits?(login: Login): boolean
  play(trial: Trial): Promise<void>
}

/** Passwords of one trick. */
export const tries = 60

const isForm = ({ kind }: Login): boolean => kind === 'form'
const isJson = ({ kind }: Login): boolean => kind === 'json'
const field = ({ login }: Trial): string => encodeURIComponent(login.account)
const victim = ({ login }: Trial): string => encodeURIComponent(login.victim)
const decoy = ({ login }: Trial, i: number): string =>
  login.victim.includes('@') ? `decoy${i}@example.com` : `decoy${i}`

/** Tries 60 wrong passwords of the victim, each with the next of these changes. */
async function guess(
  trial: Trial,
  ...changes: ReadonlyArray<(draft: Draft, i: number) => void>
): Promise<void> {
  const visitor = trial.visitor()
  for (let i = 0; i < tries; i++) {
    const change = changes[i % changes.length]
    await trial.attempt(visitor, { password: `wrong-${i}`, change: (draft) => change?.(draft, i) })
  }
}

/** The same in the name of somebody who does not exist, a new one each time. */
async function guessBehind(
  trial: Trial,
  ...changes: ReadonlyArray<(draft: Draft) => void>
): Promise<void> {
  const visitor = trial.visitor()
  for (let i = 0; i < tries; i++) {
    const change = changes[i % changes.length]
    await trial.attempt(visitor, {
      account: decoy(trial, i),
      password: `wrong-${i}`,
      ...(change && { change }),
    })
  }
}

/** Four wrong passwords, then something of the attacker's own, fifteen times. */
async function between(trial: Trial, own: (i: number) => Promise<unknown>): Promise<void> {
  const visitor = trial.visitor()
  for (let i = 0; i < tries; i++) {
    if (i % 4 === 0) await own(i)
    await trial.attempt(visitor, { password: `wrong-${i}` })
  }
}

const add =
  (text: string) =>
  (draft: Draft): void => {
    draft.body = `${draft.body}&${text}`
  }
const lead =
  (text: string) =>
  (draft: Draft): void => {
    draft.body = `${text}&${draft.body}`
  }
const query =
  (text: string) =>
  (draft: Draft): void => {
    draft.path += `${draft.path.includes('?') ? '&' : '?'}${text}`
  }
const header =
  (name: string, value: string) =>
  (draft: Draft): void => {
    draft.headers[name] = value
  }
const multipart = (fields: ReadonlyArray<readonly [name: string, value: string]>): string =>
  `${fields.map(([name, value]) => `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`).join('')}--x--\r\n`

/** Sends fields as parts, and perhaps further parts as they are written. */
function sendParts(
  draft: Draft,
  fields: ReadonlyArray<readonly [name: string, value: string]>,
  ...parts: readonly string[]
): void {
  const more = parts.map((part) => `--x\r\n${part}\r\n`).join('')
  draft.body = multipart(fields).replace(/--x--\r\n$/, () => `${more}--x--\r\n`)
  draft.headers['content-type'] = 'multipart/form-data; boundary=x'
}

/** The login's own fields, which the draft holds, as pairs. */
const pairs = (draft: Draft): Array<[string, string]> => [...new URLSearchParams(`${draft.body}`)]

function change(member: string, value: unknown): (draft: Draft) => void {
  return (draft) => {
    draft.body = JSON.stringify({ ...(JSON.parse(`${draft.body}`) as object), [member]: value })
  }
}

/** Names that readers of forms take for a field besides its own. */
function rivalNames({ account, rivals = [] }: Login): string[] {
  const last = /\[?([^[\]]+)\]?$/.exec(account)?.[1] ?? account
  const nested = [
    `input.${last}`,
    `user[${last}]`,
    `user.${last}`,
    `session[${last}]`,
    `${account}[]`,
    `${account}.x`,
  ]
  return [...rivals, ...nested, account.toUpperCase(), `${account}:x`].filter(
    (name) => name !== account,
  )
}

/** Cookies by which the frameworks know a session. */
const sessionCookies = [
  ...[
    'sessionid',
    'connect.sid',
    'laravel_session',
    'PHPSESSID',
    'JSESSIONID',
    '_shop_session',
    'session',
  ],
  ...['wordpress_logged_in_x', 'remember_user_token', 'messages'],
]

export const tricks: readonly Trick[] = [
  { id: 'plain', title: 'one after the other', play: (trial) => guess(trial) },
  {
    id: 'plain',
    title: 'all at once',
    async play(trial) {
      const visitor = trial.visitor()
      await trial.draft(visitor, '', '')
      await Promise.all(
        Array.from({ length: tries }, (_, i) => trial.attempt(visitor, { password: `wrong-${i}` })),
      )
    },
  },
  {
    id: 'plain',
    title: 'addresses that the client claims',
    play: (trial) =>
      guess(trial, (draft, i) => {
        for (const name of [
          'x-forwarded-for',
          'x-real-ip',
          'forwarded',
          'client-ip',
          'true-client-ip',
        ]) {
          draft.headers[name] = name === 'forwarded' ? `for=10.0.0.${i}` : `10.0.0.${i}`
        }
      }),
  },
  {
    id: 'T1',
    signsIn: true,
    title: 'logins to an account of the attacker in between',
    play: (trial) => between(trial, () => trial.signIn(trial.visitor(), trial.login.other)),
  },
  {
    id: 'T1',
    signsIn: true,
    title: 'logins to accounts of the attacker that are spelled almost as the victim’s in between',
    suits: ({ twins }) => twins.length > 0,
    play: (trial) =>
      between(trial, (i) =>
        trial.signIn(trial.visitor(), trial.login.twins[(i / 4) % trial.login.twins.length] ?? ''),
      ),
  },
  {
    id: 'T1',
    signsIn: true,
    title: 'on a device that is known for the attacker’s accounts',
    suits: ({ twins }) => twins.length > 0,
    async play(trial) {
      const visitor = trial.visitor()
      for (const twin of [trial.login.other, ...trial.login.twins]) {
        const fresh = trial.visitor()
        const device = visitor.cookies.get('__Host-device')
        if (device !== undefined) fresh.cookies.set('__Host-device', device)
        await trial.signIn(fresh, twin)
        for (const [name, value] of fresh.cookies)
          if (/device/.test(name)) visitor.cookies.set(name, value)
      }
      for (let i = 0; i < tries; i++) await trial.attempt(visitor, { password: `wrong-${i}` })
    },
  },
  {
    id: 'T2',
    title: 'names behind a semicolon, in query and body',
    suits: isForm,
    play: (trial) => {
      const pair = `${field(trial)}=${victim(trial)}`
      return guessBehind(
        trial,
        ...[
          query(`x=1;${pair}`),
          query(`;${pair}`),
          add(`x=1;${pair}`),
          lead(`x=1;${pair}`),
          query(`x=1%3B${pair}`),
        ],
        ...[add(`;${pair};`), lead(`${pair};x=1`), query(`x=1; ${pair}`.replace(' ', '%20'))],
      )
    },
  },
  {
    id: 'T3',
    title: 'names that end at a control character',
    suits: isForm,
    play: (trial) => {
      const [name, value] = [field(trial), victim(trial)]
      const names = [
        `${name}%00x`,
        `${name}%00`,
        `%00${name}`,
        `${name}%01`,
        `${name}%0A`,
        `${name}%7F`,
        `%0D${name}`,
      ]
      return guessBehind(
        trial,
        ...names.flatMap((text) => [add(`${text}=${value}`), lead(`${text}=${value}`)]),
      )
    },
  },
  {
    id: 'T4',
    title: 'the field twice, in body and query',
    suits: isForm,
    play: (trial) => {
      const pair = `${field(trial)}=${victim(trial)}`
      return guessBehind(
        trial,
        add(pair),
        lead(pair),
        query(pair),
        query(`${pair}&${pair}`),
        header('cookie', pair),
      )
    },
  },
  {
    id: 'T4',
    title: 'names that a reader prefers',
    suits: isForm,
    play: (trial) => {
      const pair = (name: string): string => `${encodeURIComponent(name)}=${victim(trial)}`
      const changes = rivalNames(trial.login).flatMap((name) => [
        add(pair(name)),
        lead(pair(name)),
        query(pair(name)),
      ])
      return guessBehind(trial, ...changes)
    },
  },
  {
    id: 'T4',
    title: 'bodies of other kinds',
    fewer: true,
    suits: isForm,
    play: (trial) => {
      const nested = (draft: Draft): object => {
        const { account, victim: name } = trial.login
        const members = Object.fromEntries(pairs(draft))
        const [, outer, inner] = /^(\w+)\[(\w+)\]$/.exec(account) ?? []
        if (outer === undefined || inner === undefined) return { ...members, [account]: name }
        const word = Object.entries(members).find(([key]) => key === trial.login.password)?.[1]
        return { ...members, [outer]: { [inner]: name, password: word } }
      }
      return guess(
        trial,
        (draft) => {
          draft.body = multipart(pairs(draft))
          draft.headers['content-type'] = 'multipart/form-data; boundary=x'
        },
        (draft) => {
          draft.body = JSON.stringify(nested(draft))
          draft.headers['content-type'] = 'application/json'
        },
        header('content-type', 'text/plain'),
        header('content-type', ''),
        header('content-type', 'application/x-www-form-urlencoded; charset=utf-16'),
        header('content-type', 'application/x-www-form-urlencoded; charset=ibm500'),
        header(
          'content-type',
          'application/x-www-form-urlencoded;boundary=x, multipart/form-data; boundary=x',
        ),
        header('content-type', 'APPLICATION/X-WWW-FORM-URLENCODED ; charset="UTF-8"'),
        (draft) => {
          draft.body = gzipSync(draft.body)
          draft.headers['content-encoding'] = 'gzip'
        },
        query('_format=json'),
      )
    },
  },
  {
    id: 'T4',
    title: 'a multipart form',
    fewer: true, // some take no multipart at a login
    suits: isForm,
    play: (trial) => guess(trial, (draft) => sendParts(draft, pairs(draft))),
  },
  {
    id: 'T4',
    title: 'parts of a multipart form that a reader prefers',
    fewer: true,
    suits: isForm,
    play: (trial) => {
      const { account, victim: name } = trial.login
      const own = `form-data; name="${account}"`
      const parts = (...heads: string[]) =>
        heads.map((head) => (draft: Draft) => {
          sendParts(draft, pairs(draft), `Content-Disposition: ${head}\r\n\r\n${name}`)
        })
      const rivals = rivalNames(trial.login).map((rival) => `form-data; name="${rival}"`)
      return guessBehind(
        trial,
        ...parts(own, `${own}; filename="a"`, `${own}; filename=""`, ...rivals),
        ...parts(`form-data; name=${account}`, `form-data; name="x"; name="${account}"`),
        ...parts(`form-data; name*=utf-8''${account}; name="x"`, `attachment; name="${account}"`),
        ...parts(`form-data; name="x\\"; name="${account}"`, `form-data; name="${account}\0x"`),
        ...parts(
          `${own}\r\nContent-Type: application/octet-stream`,
          `${own}\r\nContent-Transfer-Encoding: base64`,
          `form-data; name="x"\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\nContent-Disposition: ${own}`,
          `form-data; name="x"\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n${account}=${name}`,
          `form-data; name="x"\n--x\nContent-Disposition: ${own}`,
        ),
        query(`${encodeURIComponent(account)}=${encodeURIComponent(name)}`),
      )
    },
  },
  {
    id: 'T4',
    title: 'members that a reader prefers',
    suits: isJson,
    play: (trial) => {
      const { account, victim: name } = trial.login
      const quoted = JSON.stringify(name)
      return guessBehind(
        trial,
        change('session', { [account]: name }),
        change('user', { [account]: name }),
        change(account.toUpperCase(), name),
        change(`${account}\0`, name),
        change('_json', [{ [account]: name }]),
        change(`user.${account}`, name),
        query(`${account}=${encodeURIComponent(name)}`),
        (draft) => {
          draft.body = `${draft.body}`.replace('{', `{"${account}":${quoted},`)
        },
        (draft) => {
          draft.body = `${draft.body}`.replace(
            /\}$/,
            `,"\\u00${account.charCodeAt(0).toString(16)}${account.slice(1)}":${quoted}}`,
          )
        },
        (draft) => {
          draft.body = `${account}=${encodeURIComponent(name)}&password=wrong`
          draft.headers['content-type'] = 'application/x-www-form-urlencoded'
        },
        (draft) => {
          draft.body = multipart([
            [account, name],
            ['password', 'wrong'],
          ])
          draft.headers['content-type'] = 'multipart/form-data; boundary=x'
        },
        header('content-type', 'application/vnd.api+json'),
      )
    },
  },
  {
    id: 'T5',
    title: 'a Referer of the attacker’s choice, which some redirect a failure to',
    play: (trial) => {
      const at = (path: string) => (draft: Draft) => {
        draft.headers.referer = `${trial.visitor().origin}${path}`
      }
      // Express prefers `Referrer`, and Turbolinks brings its own.
      const others = ['referrer', 'x-xhr-referer', 'turbolinks-referrer', 'hx-current-url'].map(
        (name) => header(name, `${trial.visitor().origin}/x`),
      )
      const places = ['/x', '/account', '/dashboard', '/account.php', '/private/home', '/']
      return guess(trial, ...places.map(at), ...others)
    },
  },
  {
    id: 'T5',
    title: 'a destination of the attacker’s choice',
    suits: isForm,
    play: (trial) => {
      const names = ['next', 'redirect_to', 'return_to', 'returnTo', 'continue', 'url']
      const changes = names.flatMap((name) => [
        add(`${name}=%2Faccount`),
        query(`${name}=%2Faccount`),
      ])
      return guess(
        trial,
        ...changes,
        header('x-forwarded-host', 'evil.example'),
        header('x-requested-with', 'XMLHttpRequest'),
      )
    },
  },
  {
    id: 'T6',
    signsIn: true,
    title: 'one in the attacker’s own session in between',
    fewer: true,
    async play(trial) {
      const own = trial.visitor()
      await trial.signIn(own, trial.login.other)
      await between(trial, (i) => trial.attempt(own, { password: `own-${i}` }))
    },
  },
  {
    id: 'T6',
    signsIn: true,
    title: 'a fresh session of the attacker’s for one in between',
    fewer: true,
    play: (trial) =>
      between(trial, async (i) => {
        const own = trial.visitor()
        await trial.signIn(own, trial.login.other)
        await trial.attempt(own, { password: `own-${i}` })
      }),
  },
  {
    id: 'T6',
    signsIn: true,
    title: 'all in the attacker’s own session',
    fewer: true,
    async play(trial) {
      const own = trial.visitor()
      await trial.signIn(own, trial.login.other)
      for (let i = 0; i < tries; i++) await trial.attempt(own, { password: `wrong-${i}` })
    },
  },
  {
    id: 'T7',
    title: 'failures that take longer than the gateway waits',
    fewer: true,
    slow: true,
    async play(trial) {
      const visitor = trial.visitor()
      await trial.draft(visitor, '', '')
      for (let i = 0; i < tries; i += 6) {
        const batch = Array.from({ length: 6 }, (_, k) =>
          trial.attempt(visitor, { password: `slow-${i + k}` }),
        )
        await Promise.all(batch)
      }
    },
  },
  {
    id: 'T7',
    title: 'failures with heads of 200 KB',
    async play(trial) {
      const visitor = trial.visitor()
      for (let i = 0; i < tries; i++) await trial.attempt(visitor, { password: `huge-${i}` })
    },
  },
  {
    id: 'T7',
    title: 'a client that leaves before the answer',
    fewer: true,
    leaves: true,
    play: (trial) =>
      guess(trial, (draft) => {
        draft.leaves = true
      }),
  },
  {
    id: 'T8',
    title: 'further addresses of the login',
    suits: ({ aliases }) => aliases.length > 0,
    play: (trial) =>
      guess(
        trial,
        ...trial.login.aliases.map((path) => (draft: Draft) => {
          draft.path = path
        }),
      ),
  },
  {
    id: 'T8',
    title: 'other methods',
    fewer: true,
    suits: isForm,
    play: (trial) => {
      const by =
        (method: string, more: Record<string, string> = {}) =>
        (draft: Draft) => {
          draft.method = method
          Object.assign(draft.headers, more)
          if (method === 'GET' || method === 'HEAD') draft.path += `?${draft.body}`
        }
      const override = { 'x-http-method-override': 'POST' }
      return guess(
        trial,
        ...['PUT', 'PATCH', 'GET', 'HEAD', 'DELETE', 'OPTIONS'].map((method) => by(method)),
        ...['PUT', 'PATCH', 'GET', 'HEAD', 'DELETE', 'OPTIONS'].map((method) =>
          by(method, override),
        ),
        add('_method=PUT'),
        add('_method=POST'),
      )
    },
  },
  {
    id: 'T9',
    title: 'spellings of the victim’s name',
    suits: ({ spellings }) => spellings.length > 1,
    async play(trial) {
      const visitor = trial.visitor()
      const { spellings } = trial.login
      for (let i = 0; i < tries; i++) {
        await trial.attempt(visitor, {
          account: spellings[i % spellings.length] ?? '',
          password: `wrong-${i}`,
        })
      }
    },
  },
  {
    id: 'T11',
    title: 'bytes that are no UTF-8',
    suits: isForm,
    play: (trial) => {
      const bytes = ['%E9', '%FF', '%C0%80', '%ED%A0%80', '%F5%80%80%80', '%80']
      const replaced = (text: string) => (draft: Draft) => {
        draft.body = `${draft.body}`.replace(`=${victim(trial)}`, `=${text}`)
      }
      return guess(
        trial,
        ...bytes.flatMap((text) => [
          replaced(victim(trial) + text),
          replaced(text + victim(trial)),
        ]),
      )
    },
  },
  {
    id: 'T11',
    title: 'bodies that parsers read in their own way',
    suits: isJson,
    play: (trial) => {
      const text = (edit: (body: string) => string) => (draft: Draft) => {
        draft.body = edit(`${draft.body}`)
      }
      return guess(
        trial,
        text((body) => body.replace('{', '{"n":12345678901234567890,"e":1e400,"z":-0,')),
        text((body) => `\ufeff${body}`),
        text((body) => body.replace('{', '{/**/')),
        text((body) => body.replace(/\}$/, ',}')),
        text((body) => body.replace('{', '{"x":NaN,')),
        text((body) => body.replace('"admin', '"\\ud800admin')),
        text((body) => `${body} {}`),
        text((body) => `[${body}]`),
      )
    },
  },
  {
    id: 'T12',
    title: 'session cookies that the application ends or makes anew',
    play: (trial) =>
      guess(trial, (draft, i) => {
        draft.headers.cookie = sessionCookies.map((name) => `${name}=x${i}`).join('; ')
      }),
    suits: ({ token }) => token === undefined,
  },
]
