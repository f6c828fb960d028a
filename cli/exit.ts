/**
 * Defines the exit statuses of the commands, so that scripts can tell them apart, and the error that ends a command
 * early. Every command uses it, and `main.ts` prints the error.
 */

/** Exit statuses; docs/cli.md lists them. */
export const exit = {
  /** The command did its work, or there was nothing to do. */
  ok: 0,
  /** Faults were found, an existing file would have been overwritten, or a store failed. */
  faults: 1,
  /** The command line cannot be understood. */
  usage: 2,
  /** Something that the command needs is missing: a package, a newer Node, a file. */
  missing: 3,
} as const

/** An exit status of a command. */
export type Exit = (typeof exit)[keyof typeof exit]

/** Ends a command with an exit status and a message for the person who typed it. */
export class Stop extends Error {
  readonly status: Exit

  constructor(status: Exit, message: string) {
    super(message)
    this.status = status
  }
}
