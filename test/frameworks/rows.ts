/** The rows of one framework: every trick on every login, honest users, aliases of guarded pages, and overridden methods. */
import { Trial } from './trial.ts'
import { type Trick, tricks, tries } from './tricks.ts'
import { type Framework, type Login, password } from './types.ts'
import { Visitor } from './visitor.ts'

/** One line of the report. */
export interface Row {
  readonly title: string
  readonly passed: boolean
  /** What was counted. */
  readonly figure: string
}

/** A gateway and an application, as rows use them. */
export interface Scene {
  readonly framework: Framework
  /** Port of the gateway. */
  readonly port: number
  /** Port of the application. */
  readonly direct: number
  /** File in which the application notes each look at a password. */
  readonly calls: string
  /** What rows are wanted, by their titles. */
  readonly only?: RegExp | undefined
}

/** Failures that the gateway lets through. */
const limit = 5

/** Runs every row that is wanted, in order. */
export async function runRows(scene: Scene): Promise<Row[]> {
  const planned: Array<[title: string, run: () => Promise<Omit<Row, 'title'>>]> = []
  for (const login of scene.framework.logins) {
    planned.push([
      `${login.name}: spellings and addresses, without the gateway`,
      () => askDirectly(scene, login),
    ])
    for (const trick of tricks) {
      if (trick.suits?.(login) === false) continue
      planned.push([
        `${login.name}: ${trick.id}: ${trick.title}`,
        () => playTrick(scene, login, trick),
      ])
    }
    planned.push([
      `${login.name}: a right password after four wrong ones, three times`,
      () => mistype(scene, login),
    ])
    planned.push([
      `${login.name}: a right password after the wait that five wrong ones cost`,
      () => wait(scene, login),
    ])
  }
  for (const table of ['own', 'init']) {
    planned.push([
      `G1: aliases of guarded pages, by ${tables[table]}`,
      () => findPages(scene, table),
    ])
  }
  if (scene.framework.overrides.length > 0)
    planned.push(['G3: methods in disguise', () => overrideMethods(scene)])

  const rows: Row[] = []
  for (const [part, run] of planned) {
    const title = `${scene.framework.name}: ${part}`
    if (scene.only?.test(title) === false) continue
    rows.push({
      title,
      ...(await run().catch((error: unknown) => ({
        passed: false,
        figure: `${(error as Error).stack}`,
      }))),
    })
  }
  return rows
}

const tables: Readonly<Record<string, string>> = {
  own: 'a table by hand with /* public',
  init: 'the table of portcullis init',
}

let made = 0
function startTrial(
  { port, calls, framework }: Scene,
  login: Login,
  kind = 'trial',
  table = 'own',
): Trial {
  made++
  return new Trial({ port, calls }, framework, login, `${kind}${made}`, table)
}

/** The lists of spellings and addresses are true: otherwise their tricks would show nothing. */
async function askDirectly(
  { direct, calls, framework }: Scene,
  login: Login,
): Promise<Omit<Row, 'title'>> {
  const wrong: string[] = []
  const trial = new Trial({ port: direct, calls }, framework, login, 'direct')
  const visitor = trial.visitor()
  for (const account of login.spellings) {
    const before = trial.reached()
    await trial.attempt(visitor, { account, password: 'wrong' })
    if (trial.reached() === before) wrong.push(JSON.stringify(account))
  }
  let addresses = 0
  for (const path of login.aliases) {
    const before = trial.reached()
    await trial.attempt(visitor, {
      password: 'wrong',
      change: (draft) => {
        draft.path = path
      },
    })
    if (trial.reached() > before) addresses++
  }
  const figure = `${login.spellings.length} spellings, ${addresses} of ${login.aliases.length} further addresses`
  return {
    passed: wrong.length === 0,
    figure: wrong.length === 0 ? figure : `not the victim: ${wrong.join(' ')}`,
  }
}

/** 60 wrong passwords by a trick, then 60 as everybody sends them: not one more than the limit reaches the check. */
async function playTrick(scene: Scene, login: Login, trick: Trick): Promise<Omit<Row, 'title'>> {
  const trial = startTrial(scene, login, trick.slow ? 'slow' : 'trial')
  await trick.play(trial)
  if (trick.slow === true || trick.leaves === true) await settled(trial)
  const byTrick = trial.reached()
  if (trick.signsIn === true && trial.logins === 0)
    return { passed: false, figure: 'the attacker cannot sign in' }
  const visitor = trial.visitor()
  let last = 0
  for (let i = 0; i < tries && trial.reached() <= limit; i++) {
    last = (await trial.attempt(visitor, { password: `plain-${i}` })).status
  }
  const reached = trial.reached()
  const passed = last === 429 && (reached === limit || (trick.fewer === true && reached < limit))
  return {
    passed,
    figure: `${byTrick} of ${tries} reach the check, ${reached} with as many plain ones, then ${last}`,
  }
}

/** Waits until an application has noted what is still in its queue: its clients have left. */
async function settled(trial: Trial): Promise<void> {
  for (let before = -1; before !== trial.noted().length; ) {
    before = trial.noted().length
    await new Promise((wake) => setTimeout(wake, 1000))
  }
}

/** Success must be seen: otherwise an honest user waits, since what was counted stays. */
async function mistype(scene: Scene, login: Login): Promise<Omit<Row, 'title'>> {
  const trial = startTrial(scene, login)
  for (let again = 0; again < 3; again++) {
    const visitor = trial.visitor()
    for (let i = 0; i < limit - 1; i++) {
      const { status } = await trial.attempt(visitor, { password: `typo-${i}` })
      if (status === 429)
        return { passed: false, figure: `429 for typo ${i} of round ${again + 1}` }
    }
    if (!(await trial.signIn(visitor, login.victim))) {
      return { passed: false, figure: `no login in round ${again + 1}` }
    }
  }
  const looked = trial.reached()
  return { passed: looked === 3 * limit, figure: `${looked} of ${3 * limit} looks` }
}

async function wait(scene: Scene, login: Login): Promise<Omit<Row, 'title'>> {
  const trial = startTrial(scene, login)
  const visitor = trial.visitor()
  for (let i = 0; i < limit; i++) await trial.attempt(visitor, { password: `typo-${i}` })
  const early = await trial.attempt(visitor, { password })
  if (early.status !== 429) return { passed: false, figure: `${early.status} at once, not 429` }
  await trial.elapse(1000 * Number(early.headers.get('retry-after') ?? 0))
  const late = await trial.signIn(trial.visitor(), login.victim)
  return {
    passed: late,
    figure: `429, Retry-After: ${early.headers.get('retry-after')}, then ${late ? 'in' : 'out'}`,
  }
}

/** Nobody without a session sees a guarded page, by whatever address the application serves it. */
async function findPages(scene: Scene, table: string): Promise<Omit<Row, 'title'>> {
  const { framework, direct } = scene
  const login = framework.logins[0] as Login
  const trial = startTrial(scene, login, 'pages', table)
  const open: string[] = []
  let served = 0
  const paths = framework.guarded.flatMap(({ path, aliases }) => [path, ...aliases])
  for (const path of paths) {
    const own = await new Visitor(direct, 'direct', '203.0.113.7').send('GET', path)
    const isPage = own.text.includes('GUARDED PAGE')
    if (isPage) served++
    const { status, text } = await trial.visitor().send('GET', path)
    if (text.includes('GUARDED PAGE')) open.push(path)
    else if (isPage && status >= 500) open.push(`${path}: ${status}`)
  }
  const figure = `${open.length} of ${served} addresses lead to a page${open.length > 0 ? `: ${open.join(' ')}` : ''}`
  return { passed: open.length === 0 && served >= framework.guarded.length, figure }
}

/** DELETE is an administrator's, POST everybody's: no POST may delete. */
async function overrideMethods(scene: Scene): Promise<Omit<Row, 'title'>> {
  const { framework, direct } = scene
  const trial = startTrial(scene, framework.logins[0] as Login, 'methods')
  const deleted = (): number => trial.noted().filter((line) => 'deleted' in line).length
  const through: string[] = []
  let served = 0
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const plain = await trial.visitor().send('POST', '/posts/1', { headers, body: 'text=hello' })
  if (plain.status !== 200)
    return { passed: false, figure: `${plain.status} for a POST that overrides nothing` }
  for (const { title, path = '/posts/1', body = '', headers: more } of framework.overrides) {
    const all = { ...headers, ...more }
    const before = deleted()
    await new Visitor(direct, 'direct', '203.0.113.7').send('POST', path, { headers: all, body })
    const without = deleted()
    if (without > before) served++
    await trial.visitor().send('POST', path, { headers: all, body })
    if (deleted() > without) through.push(title)
  }
  const figure = `${through.length} of ${served} ways delete${through.length > 0 ? `: ${through.join(', ')}` : ''}`
  return { passed: through.length === 0 && served > 0, figure }
}
