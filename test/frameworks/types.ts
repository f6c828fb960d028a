/** What the harness knows of a framework, its application and its logins. */
import type { Route, RouteThrottle } from '../../src/gateway/index.ts'

/** How a form's token is found, where the framework wants one. */
export type Token =
  | { readonly page: string; readonly field: string }
  | { readonly cookie: string; readonly field: string }
  | { readonly cookie: string; readonly header: string }

/** One login of an application. */
export interface Login {
  /** Short, for the rows. */
  readonly name: string
  readonly path: string
  readonly kind: 'form' | 'json'
  /** Names of the fields or members. */
  readonly account: string
  readonly password: string
  /** Further fields that the form has. */
  readonly more?: Readonly<Record<string, string>>
  readonly token?: Token
  /** What the gateway is told proves a success. */
  readonly success: RouteThrottle['success']
  readonly throttle?: Omit<Partial<RouteThrottle>, 'account' | 'success'>
  readonly victim: string
  /** The account as the application notes it; default: the same text. */
  readonly noted?: string
  /** An account of the attacker's own that has nothing to do with the victim's. */
  readonly other: string
  /** Accounts of the attacker's own whose names differ from the victim's in marks or letter case. */
  readonly twins: readonly string[]
  /** Texts that the application takes for the victim's name. */
  readonly spellings: readonly string[]
  /** Further addresses, with their query, at which the framework serves the same login. */
  readonly aliases: readonly string[]
  /** Fields besides the login's own that frameworks read as its account, for the rest of `T4`. */
  readonly rivals?: readonly string[]
  /** Status and Location tell a success from a failure for the harness, not for the gateway. */
  succeeded(status: number, location: string | undefined): boolean
}

/** A page that only administrators may see, and every further address at which the application serves it. */
export interface Guarded {
  readonly path: string
  readonly aliases: readonly string[]
}

/** One application in `test/frameworks/apps`. */
export interface Framework {
  readonly name: string
  /** Name and version of what runs. */
  version(): string
  /** Debian's packages that it needs. */
  readonly packages: readonly string[]
  /** Programs and files that are there when these are installed. */
  readonly needs: readonly string[]
  readonly aliases: string | readonly string[]
  readonly logins: readonly Login[]
  /** Routes besides those of the logins, in order. */
  readonly routes: readonly Route[]
  readonly guarded: readonly Guarded[]
  /** Requests that delete `/posts/1` with another method than DELETE. */
  readonly overrides: ReadonlyArray<{ readonly title: string; readonly path?: string } & Overriding>
  /** Prepares what the application needs, and says how it is started. */
  prepare(place: Place): Command | Promise<Command>
}

interface Overriding {
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Where an application runs. */
export interface Place {
  readonly port: number
  /** A folder of its own, gone afterwards. */
  readonly data: string
  /** Folder of the application's files. */
  readonly app: string
  /** What it finds in its environment: CALLS, DATA, PASSWORD, PORT, MYSQL_SOCKET. */
  readonly env: Readonly<Record<string, string>>
}

/** How an application is started. */
export interface Command {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

/** The right password of every account. */
export const password = 'correct horse battery staple'
