/** What a verb costs for a user who has many sessions: as many as `maxPerUser` allows at most. */
import { type Database, maxPerUser } from './databases.ts'
import { createRow, measureVerb, type Point, rowLimits } from './points.ts'

const counts = [1, 10, 100, maxPerUser]
const rounds = 40
const grace = 60_000

/** Gives users so many sessions through the store, and measures its verbs for each of them. */
export async function measureUsers(
  database: Database,
  quick: boolean,
  log: (line: string) => void,
): Promise<Point[]> {
  const points: Point[] = []
  for (const count of quick ? counts.slice(0, 2) : counts) {
    log(`${database.name}, ${count} sessions of a user`)
    const index = `many${count}`
    for (let i = 0; i < count; i++)
      await database.store.create(createRow(`${index}-${i}`, index), {})
    for (const [verb, run] of listVerbs(database, index, count))
      points.push(await measureVerb(database, { verb, size: count, rounds, run }))
  }
  return points
}

type Run = (round: number) => Promise<string>

function listVerbs({ store }: Database, index: string, count: number): Array<[string, Run]> {
  const at = { ...rowLimits, slice: 360_000 }
  let current = `${index}-0`

  const verbs: Array<[string, Run]> = [
    ['read', async () => (await store.read({ key: current, index }, at, {})).is],
    ['list', async () => ((await store.list(index, {})).length === count ? 'found' : 'incomplete')],
    [
      'login in place of a session',
      async (round) => {
        const next = createRow(`${index}-next${round}`, index)
        const { is } = await store.rotate({ key: current, index }, next, { grace }, {})
        current = next.key
        return is
      },
    ],
  ]
  // The oldest session goes for each of them.
  const whenFull: Run = async (round) =>
    (await store.create(createRow(`${index}-more${round}`, index), {})).is
  return count === maxPerUser ? [...verbs, ['login where the list is full', whenFull]] : verbs
}
