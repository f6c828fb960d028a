/** docs/operations.md, "Rotating secrets", step by step, with people at work. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { assertionKey, sessionSecret } from '../../../tools/dev/secret.ts'
import { noRedis, startRedis, type TestRedis } from '../../support/redis.ts'
import { type Scene, type Secrets, startScene } from './rotation.support.ts'

const users = 16
const halfHour = 1_800_000

async function newSecrets(): Promise<{ session: string; assertion: string }> {
  return { session: sessionSecret(), assertion: await assertionKey() }
}

function deployment(...all: ReadonlyArray<{ session: string; assertion: string }>): Secrets {
  return {
    session: all.map(({ session }) => session),
    assertion: all.map(({ assertion }) => assertion),
  }
}

function told(what: string, { counts }: Scene): void {
  const { requests, failed, loggedOut, ended, deploys } = counts
  console.log(
    `rotation, ${what}: ${requests} requests, ${failed} failed, ${loggedOut} logged out, ${ended} sessions at their own ` +
      `end, ${deploys} deploys`,
  )
}

/** Append, move first, and after an absolute life drop. */
async function rotate(scene: Scene, old: Awaited<ReturnType<typeof newSecrets>>): Promise<void> {
  const next = await newSecrets()
  await scene.load(3)
  await scene.deploy(deployment(old, next))
  await scene.deploy(deployment(next, old))
  // Eight hours and a little, in which everybody is seen at least once in each idle hour.
  for (let step = 0; step < 17; step++) {
    await scene.later(halfHour)
    await scene.load(1)
  }
  await scene.deploy(deployment(next))
  await scene.load(3)
}

describe('rotating the session secret and the assertion key under load', () => {
  let redis: TestRedis | undefined
  beforeAll(async () => {
    if (!noRedis) redis = await startRedis()
  })
  afterAll(() => redis?.stop())

  it.each(noRedis ? ['cookie'] : ['cookie', 'redis'])(
    'with sessions in %s: 0 requests fail, 0 users are logged out',
    async (store) => {
      const old = await newSecrets()
      const bindings = {
        SESSION_STORE: store,
        REDIS_URL: redis?.url ?? '',
        REDIS_TOKEN: redis?.token ?? '',
      }
      const scene = await startScene(deployment(old), bindings, users)
      try {
        await rotate(scene, old)
      } finally {
        await scene.stop()
      }
      told(store, scene)
      const { requests, failed, loggedOut, ended, deploys } = scene.counts
      expect(scene.complaints).toEqual([])
      expect({ failed, loggedOut, deploys }).toEqual({ failed: 0, loggedOut: 0, deploys: 3 })
      expect(requests).toBeGreaterThan(400)
      // Both keys signed, and everybody's session came to its own end once on the way.
      expect(scene.signers.size).toBe(2)
      expect(ended).toBe(users)
    },
    120_000,
  )

  // What the steps are for: the same load sees it when the last one comes too early.
  it('who drops the old secret at once logs everybody out', async () => {
    const [old, next] = [await newSecrets(), await newSecrets()]
    const scene = await startScene(
      deployment(old),
      { SESSION_STORE: 'cookie', REDIS_URL: '', REDIS_TOKEN: '' },
      users,
    )
    try {
      await scene.load(1)
      await scene.deploy(deployment(next))
    } finally {
      await scene.stop()
    }
    told('too early', scene)
    expect(scene.counts.loggedOut).toBeGreaterThanOrEqual(users)
  }, 60_000)
})
