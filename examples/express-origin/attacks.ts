/** Attacks that the page makes by itself: each is a request of the browser, and the status that refuses it. */

/** One attack. */
export interface Attack {
  readonly name: string
  /** What an attacker wants with it. */
  readonly aim: string
  readonly path: string
  /** Statuses that refuse it. The deployable's configuration has no limits of its own and lets some through. */
  readonly refused: readonly number[]
  /** Requests, at most; one refusal is enough. */
  readonly times?: number
  readonly body?: string
  readonly type?: string
  /** Whether the browser leaves its cookies out. */
  readonly anonymous?: boolean
}

const form = 'application/x-www-form-urlencoded'

/** All of them. */
export const attacks: readonly Attack[] = [
  {
    name: 'Climb out of a folder',
    aim: '/files/..%2Fadmin is /admin for some servers, and a file for their guard.',
    path: '/files/..%2Fadmin',
    refused: [400],
  },
  {
    name: 'Hide behind a semicolon',
    aim: 'Java servers cut /here;/admin at the semicolon.',
    path: '/here;/admin',
    refused: [400],
  },
  {
    name: 'Send a zero byte',
    aim: 'C programs stop reading at /here%00.',
    path: '/here%00',
    refused: [400],
  },
  {
    name: 'Open the admin page',
    aim: 'Without a login, and in a spelling that a guard may not know: /ADMIN/.',
    path: '/ADMIN/',
    refused: [401],
    anonymous: true,
  },
  {
    name: 'Guess passwords',
    aim: 'Six wrong ones for one account, as fast as it goes.',
    path: '/login',
    refused: [429],
    times: 7,
    body: 'user=dave&password=guess',
    type: form,
  },
  {
    name: 'Flood a page',
    aim: 'Eight requests where five in 20 seconds are allowed.',
    path: '/limited',
    refused: [429],
    times: 8,
  },
  {
    name: 'Nest a query',
    aim: 'Six levels of GraphQL, which cost the server the sixth power of a list.',
    path: '/graphql',
    refused: [400],
    body: '{"query":"{ articles { author { articles { author { articles { title } } } } } }"}',
    type: 'application/json',
  },
  {
    name: 'Send too much',
    aim: 'Two thousand bytes to a form that takes one thousand.',
    path: '/upload',
    refused: [413],
    body: `text=${'x'.repeat(2000)}`,
    type: form,
  },
]
