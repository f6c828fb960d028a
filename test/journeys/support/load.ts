/** Requests that go on while somebody operates: each of them is counted, and no user may be lost. */
import { createVisitor, type Visitor } from './visitor.ts'

export interface Load {
  readonly users: readonly Visitor[]
  /** Statuses since the last call, with how often each came. */
  take(): Record<string, number>
  /** Waits until this many more requests were answered. */
  more(requests: number): Promise<void>
  stop(): Promise<void>
}

/** Signs in as many users, and lets each open a page again and again. */
export async function startLoad(origin: string, count: number, path: string): Promise<Load> {
  const users = Array.from({ length: count }, () => createVisitor(origin))
  for (const [index, user] of users.entries()) await signIn(user, `user-${index}`)
  let [isRunning, answered] = [true, 0]
  let statuses: Record<string, number> = {}

  const loops = users.map(async (user) => {
    while (isRunning) {
      const status = await user.open(path).then(
        (answer) => `${answer.status}`,
        (error: Error) => error.message,
      )
      statuses[status] = (statuses[status] ?? 0) + 1
      answered++
      // A person reads; the machine has other work.
      await new Promise((wake) => setTimeout(wake, 20))
    }
  })

  return {
    users,
    take() {
      const taken = statuses
      statuses = {}
      return taken
    },
    async more(requests) {
      const wanted = answered + requests
      while (answered < wanted) await new Promise((wake) => setTimeout(wake, 10))
    },
    async stop() {
      isRunning = false
      await Promise.all(loops)
    },
  }
}

/** Signs in as the servers of these journeys expect it. */
export async function signIn(visitor: Visitor, user: string): Promise<void> {
  const { status } = await visitor.submit('/login', { user, password: 'wonderland' })
  if (status !== 303) throw new Error(`${user} could not sign in: ${status}`)
}
