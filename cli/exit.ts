/** Defines how the commands end, so that scripts can tell one end from another. */

/** Exit statuses; docs/cli.md lists them. */
export const exit = {
  /** Done, or nothing to do. */
  ok: 0,
  /** Faults were found, or a file that is there would have been overwritten. */
  faults: 1,
  /** The command line cannot be understood. */
  usage: 2,
  /** Something the command needs is not here: a package, a newer Node, a file. */
  missing: 3,
} as const

/** One of them. */
export type Exit = (typeof exit)[keyof typeof exit]

/** Ends a command with a sentence for whoever typed it. */
export class Stop extends Error {
  readonly status: Exit

  constructor(status: Exit, message: string) {
    super(message)
    this.status = status
  }
}
