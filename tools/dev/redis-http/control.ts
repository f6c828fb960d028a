/** What tests tell the bridge to do wrong, and what they learn from it. */
import type { ScriptMode } from './scripts.ts'

/** One kind of trouble. Times are milliseconds. */
export type Fault =
  /** Waits before it does anything. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Closes the connection: nothing was executed. */
  | { readonly kind: 'drop-before' }
  /** Executes, then closes the connection: the reply is lost. */
  | { readonly kind: 'drop-after' }
  /** Executes, sends the first half of the answer, closes. */
  | { readonly kind: 'truncate' }
  /** Accepts and never says a word. Nothing is executed. */
  | { readonly kind: 'silence' }
  /** Executes, sends headers and the first byte, then stalls. */
  | { readonly kind: 'hang' }
  /** Answers an error as JSON, 500 unless said otherwise. Nothing is executed. */
  | { readonly kind: 'error-json'; readonly status?: number; readonly error?: string }
  /** Answers a page, 502 unless said otherwise; 200 is a captive portal. Nothing is executed. */
  | { readonly kind: 'error-html'; readonly status?: number }
  /** Answers this body as it is, with status 200. Nothing is executed. */
  | { readonly kind: 'body'; readonly body: string }
  /** Redirects there. Nothing is executed. */
  | { readonly kind: 'redirect'; readonly to: string; readonly status?: number }
  /** Answers 401 as Upstash does for a wrong token. */
  | { readonly kind: 'unauthorized' }
  /** Answers NOSCRIPT to matching EVALSHA commands, and executes the others. */
  | { readonly kind: 'noscript' }
  /** Answers this error to matching commands, and executes the others. */
  | { readonly kind: 'refuse'; readonly error: string }

/** Which requests: those with a command that meets everything said here. Nothing said: every request. */
export interface Match {
  /** Name of the command, in any case. */
  readonly command?: string
  /** Name of a script: what its first comment says, `-- name`. Known once its source was seen here. */
  readonly script?: string
  readonly where?: (command: readonly string[]) => boolean
}

export interface FaultOptions {
  /** For how many matching requests. Default 1. */
  readonly times?: number
  readonly match?: Match
  /** How many matching requests go well before. Default 0. */
  readonly after?: number
}

/** A request that waits. */
export interface Hold {
  /** Resolves when a matching request has arrived here (`after`: when it has been executed) and waits. */
  readonly arrived: Promise<void>
  /** Lets it go on. */
  release(): void
}

/** One request as it came. */
export interface Heard {
  readonly path: string
  /** Names as they were sent, values as an array. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly commands: ReadonlyArray<readonly string[]>
}

export interface Control extends ScriptMode {
  /** HTTP requests so far, refused ones too. */
  readonly requests: number
  /** Commands in them so far. */
  readonly commands: number
  /** Every request so far. */
  readonly heard: readonly Heard[]
  /** Names of the commands of each request so far, upper case: `[['EVALSHA', 'EVALSHA'], ['EVAL']]`. */
  readonly verbs: readonly string[][]
  /** Goes wrong with the next matching requests. What it returns takes that back. */
  fault(fault: Fault, options?: FaultOptions): () => void
  /** Stops the next matching request, before or after it is executed, until it is released. */
  hold(match?: Match, when?: 'before' | 'after'): Hold
  /** Counts from zero, forgets faults, drops requests that wait: none of them is executed later, in another test. */
  reset(): void
}

/** What the server asks of the controls. */
export interface Controlled extends Control {
  /** Writes a request down. */
  note(heard: Heard): void
  /** The faults that this request meets; each counts it. */
  faultsOf(
    commands: ReadonlyArray<readonly string[]>,
  ): Array<{ fault: Fault; meets: (command: readonly string[]) => boolean }>
  /** Resolves when nothing holds this request any longer: true if it may go on, false if it was dropped. */
  pass(commands: ReadonlyArray<readonly string[]>, when: 'before' | 'after'): Promise<boolean>
  /** Waits; true if the request may go on then. */
  delay(ms: number): Promise<boolean>
}

interface Planned {
  readonly fault: Fault
  readonly meets: (command: readonly string[]) => boolean
  skip: number
  left: number
}

interface Gate {
  readonly meets: (command: readonly string[]) => boolean
  readonly when: 'before' | 'after'
  readonly arrive: () => void
  readonly open: Promise<void>
  readonly release: () => void
}

/** Controls that know scripts by `nameOf`. */
export function controls(
  nameOf: (command: readonly string[]) => string | undefined,
  mode: ScriptMode,
): Controlled {
  const heard: Heard[] = []
  let planned: Planned[] = []
  let gates: Gate[] = []
  const waiting = new Set<Gate>()
  let epoch = new AbortController()

  const meeting =
    ({ command, script, where }: Match = {}) =>
    (sent: readonly string[]): boolean =>
      (command === undefined || sent[0]?.toLowerCase() === command.toLowerCase()) &&
      (script === undefined || nameOf(sent) === script) &&
      (where === undefined || where(sent))

  return {
    get plain(): boolean {
      return mode.plain
    },
    set plain(to) {
      mode.plain = to
    },
    get strict(): boolean {
      return mode.strict
    },
    set strict(to) {
      mode.strict = to
    },
    heard,
    get requests(): number {
      return heard.length
    },
    get commands(): number {
      return heard.reduce((sum, { commands }) => sum + commands.length, 0)
    },
    get verbs(): string[][] {
      return heard.map(({ commands }) => commands.map(([verb = '']) => verb.toUpperCase()))
    },
    fault(fault, { times = 1, match, after = 0 } = {}): () => void {
      const plan: Planned = { fault, meets: meeting(match), skip: after, left: times }
      planned.push(plan)
      return () => {
        plan.left = 0
      }
    },
    hold(match, when = 'before'): Hold {
      let release = (): void => {}
      let arrive = (): void => {}
      const open = new Promise<void>((done) => {
        release = done
      })
      const arrived = new Promise<void>((done) => {
        arrive = done
      })

      gates.push({ meets: meeting(match), when, arrive, open, release })
      return { arrived, release }
    },
    reset(): void {
      heard.length = 0
      epoch.abort()
      epoch = new AbortController()
      planned = []
      for (const { release } of [...gates, ...waiting]) release()
      gates = []
    },
    note(request): void {
      heard.push(request)
    },
    faultsOf(commands): Planned[] {
      planned = planned.filter(({ left }) => left > 0)
      return planned.filter((plan) => {
        if (!commands.some(plan.meets)) return false
        if (plan.skip-- > 0) return false

        plan.left--
        return true
      })
    },
    async pass(commands, when): Promise<boolean> {
      const gate = gates.find((each) => each.when === when && commands.some(each.meets))
      if (!gate) return true

      const { signal } = epoch
      gates = gates.filter((each) => each !== gate)
      waiting.add(gate)
      gate.arrive()
      await gate.open
      waiting.delete(gate)

      return !signal.aborted
    },
    delay: (ms) =>
      new Promise((done) => {
        const { signal } = epoch
        const timer = setTimeout(done, ms, true)
        signal.addEventListener('abort', () => {
          clearTimeout(timer)
          done(false)
        })
      }),
  }
}
