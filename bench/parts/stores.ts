/** (stores) What one verb of each store takes, in rounds in which every store has its turn. */

import type { AtomicStore, Row } from '../../src/store/index.ts'
import { raceStores } from '../../test/fuzz/race-stores.ts'
import { noon } from '../../test/session/support.ts'
import type { Report, Settings } from '../lib/report.ts'
import { figure, median } from '../lib/stats.ts'

const verbs = ['read', 'write', 'login'] as const
type Verb = (typeof verbs)[number]

const limits = { idle: 900_000, end: noon + 9_000_000, now: noon }
const at = { ...limits, slice: 90_000 }
const record = 'r'.repeat(700)

/** A store whose user is signed in. */
interface Measured {
  readonly title: string
  readonly times: Readonly<Record<Verb, number[]>>
  run(verb: Verb): Promise<void>
  stop(): Promise<void>
}

export async function stores({ quick, log }: Settings): Promise<Report> {
  const all: Measured[] = []
  try {
    for (const store of raceStores) all.push(await open(store))
    const rounds = quick ? 30 : 300
    for (let round = 0; round < rounds; round++) {
      log(`round ${round}`)
      for (const store of all)
        for (const verb of verbs) {
          const start = performance.now()
          await store.run(verb)
          // The first rounds load scripts, plans and code.
          if (round >= rounds / 10) store.times[verb].push(performance.now() - start)
        }
    }
  } finally {
    for (const store of all) await store.stop()
  }
  return {
    title: 'Stores: one verb of each',
    text:
      'Each store over its real server on loopback, records of 700 bytes, every store once a round. They compare the ways, not networks: in production ' +
      'the distance decides. Durable Objects and D1 are asked from Node over one socket into workerd, a way that a Worker does not have.',
    tables: [
      {
        caption: 'Milliseconds, median',
        columns: ['', ...verbs],
        rows: all.map(({ title, times }) => [
          title,
          ...verbs.map((verb) => figure(median(times[verb]))),
        ]),
      },
    ],
    goals: [],
  }
}

async function open({ title, start }: (typeof raceStores)[number]): Promise<Measured> {
  const server = await start()
  const { calm } = await server.open({ clock: { now: noon }, lose: () => false, lane: 0 })
  let writes = 0
  let version = 1
  let login = createRow('BOB')
  function createRow(user: string, key = user): Row {
    return { ...limits, key: `K${key}`, index: `U${user}`, record, write: `W${writes++}` }
  }
  await calm.create(createRow('ADA'), {})
  await calm.create(login, {})

  const run: Record<Verb, (store: AtomicStore) => Promise<unknown>> = {
    read: (store) => store.read({ key: 'KADA', index: 'UADA' }, at, {}),
    write: (store) => store.replace(createRow('ADA'), `${version++}`, {}),
    login(store) {
      const old = login
      login = createRow('BOB', `BOB${writes}`)
      return store.rotate(old, login, { grace: 60_000 }, {})
    },
  }
  return {
    title,
    times: { read: [], write: [], login: [] },
    async run(verb) {
      const { is } = (await run[verb](calm)) as { is: string }
      if (is !== 'ok' && is !== 'found') throw new Error(`${title}: ${verb} answered ${is}`)
    },
    stop: () => server.stop(),
  }
}
