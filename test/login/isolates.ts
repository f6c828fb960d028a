/** Isolates of one deployment whose logins keep tokens in one store. */
import { keepTokens } from '../../src/login/index.ts'
import type { TokenRows } from '../../src/login/tokens/contract.ts'
import { createMemoryRows } from '../../src/login/tokens/memory-rows.ts'
import { memoryStore } from '../../src/store/index.ts'
import { noon } from '../session/support.ts'
import { TestProvider } from './provider.ts'
import { type Browser, createSite, type Site, type SiteOptions, sharedKey } from './support.ts'

export interface Isolates {
  readonly sites: readonly Site[]
  readonly provider: TestProvider
  readonly clock: { now: number }
  readonly rows: TokenRows
  /** Verbs that the store was asked, as `take`. */
  readonly asked: string[]
  readonly held: Map<string, string>
}

/** Isolates of one deployment: they share a store, a store of tokens and a provider, and nothing else. */
export async function createIsolates(
  count: number,
  options: SiteOptions = {},
  faults: Partial<TokenRows> = {},
): Promise<Isolates> {
  const clock = { now: noon }
  const provider = new TestProvider(await sharedKey(), clock)
  provider.issuesRefreshTokens = true
  const memory = createMemoryRows(() => clock.now)
  const asked: string[] = []
  const held = new Map<string, string>()
  const own: TokenRows = { ...memory, ...faults }
  const rows: TokenRows = {
    put(key, row, env) {
      asked.push('put')
      held.set(key, row.sealed)
      return own.put(key, row, env)
    },
    take(key, ask, env) {
      asked.push('take')
      return own.take(key, ask, env)
    },
    replace(key, row, env) {
      asked.push('replace')
      return own.replace(key, row, env)
    },
    release(key, holder, pausedUntil, env) {
      asked.push('release')
      return own.release(key, holder, pausedUntil, env)
    },
    drop(key, holder, env) {
      asked.push('drop')
      held.delete(key)
      return own.drop(key, holder, env)
    },
  }
  const store = memoryStore({ clock: () => clock.now })
  const sites = await Promise.all(
    Array.from({ length: count }, () =>
      createSite({
        at: provider,
        store,
        ...options,
        login: { tokens: keepTokens(rows), ...options.login },
      }),
    ),
  )
  return { sites, provider, clock, rows, asked, held }
}

/** A person who is signed in at the first isolate. */
export async function signIn({ sites }: Isolates): Promise<Browser> {
  const person = (sites[0] as Site).browser()
  const done = await person.signIn()
  if (done.status !== 303) throw new Error(`sign in: ${done.status}`)
  return person
}

/** Asks every isolate for the token `each` times at the same moment. */
export async function askAll(
  { sites }: Isolates,
  person: Browser,
  each: number,
  path = '/token',
): Promise<{ readonly status: number; readonly text: string }[]> {
  const cookie = person.cookieHeader
  const requests = sites.flatMap((site) =>
    Array.from({ length: each }, async () => {
      const response = await site.browser().request(path, { cookie })
      return { status: response.status, text: await response.text() }
    }),
  )
  return Promise.all(requests)
}

/** How often one value is in a list. */
export function count<T>(list: readonly T[], one: T): number {
  return list.filter((other) => other === one).length
}
