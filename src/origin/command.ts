/**
 * Composes the one `Portcullis-Session` header that a response may carry, from all changes that the
 * handlers of a request made; see docs/session-protocol.md. `session.ts` calls it for each change and
 * writes the result of `format`.
 *
 * Calls that contradict each other, values that JSON cannot represent, and more than 2,048 characters
 * throw `ERR_SESSION_DATA`; `set` and `unset` after an end throw `ERR_SESSION_ENDED`. A call that
 * throws in `format` stays recorded, so the caller must not send the header after it.
 */
import { encodeBase64url } from '../crypto/index.ts'
import { PortcullisError } from '../errors.ts'

/** Members of a JSON object in the header. */
type CommandMembers = Record<string, unknown>

/** Most characters of base64url that the gateway accepts. */
const maxPayloadLength = 2048

/**
 * Collects the changes that one response makes to the session. Changes are merged; `start`, `end` and `endAll` exclude
 * each other, since a gateway applies only one of them.
 */
export class SessionCommandBuilder {
  #set: CommandMembers = {}
  #unset = new Set<string>()
  #increments: Record<string, number> = {}
  #flash: CommandMembers = {}
  #version: string | undefined
  #verb:
    | { readonly start: { data: CommandMembers; keep?: readonly string[] } }
    | CommandMembers
    | undefined

  /** Sets members. After `start` they become part of the new session. */
  set(members: CommandMembers): void {
    const startedData = this.#startedData('set')
    for (const [memberName, memberValue] of Object.entries(members)) {
      this.#unset.delete(memberName)
      if (startedData !== undefined) startedData[memberName] = memberValue
      else this.#set[memberName] = memberValue
    }
  }

  /** Removes members. */
  unset(names: readonly string[]): void {
    const startedData = this.#startedData('unset')
    for (const memberName of names) {
      delete this.#set[memberName]
      delete this.#increments[memberName]
      if (startedData === undefined) this.#unset.add(memberName)
      else delete startedData[memberName]
    }
  }

  /** Adds to a member that is a number. */
  increment(memberName: string, amount: number): void {
    if (this.#verb !== undefined)
      throw invalid('increment() cannot be combined with start(), end() or endAll()')
    this.#increments[memberName] = (this.#increments[memberName] ?? 0) + amount
  }

  /** Leaves a message for the next page. */
  flash(memberName: string, memberValue: unknown): void {
    this.#flash[memberName] = memberValue
  }

  /** Applies the changes only to this version of the session. */
  onlyIfVersion(version: string): void {
    if (this.#verb !== undefined)
      throw invalid('onlyIfVersion() cannot be combined with start(), end() or endAll()')
    this.#version = version
  }

  /** Sets the one command `start`, `end` or `endAll`. It must come before other changes. */
  choose(verbMembers: CommandMembers): void {
    if (this.#verb !== undefined)
      throw invalid('a response can carry only one of start(), end() and endAll()')

    const hasChanges =
      Object.keys(this.#set).length + this.#unset.size + Object.keys(this.#increments).length > 0
    if (hasChanges)
      throw invalid(
        'call start(), end() or endAll() before other changes: earlier ones would be lost',
      )

    this.#verb = verbMembers
  }

  /**
   * Returns the value of the header.
   *
   * @throws {PortcullisError} `ERR_SESSION_DATA` where JSON cannot carry the data, or it is longer than 2,048
   * characters
   */
  format(nonce: string): string {
    const changes = {
      ...(hasMembers(this.#set) && { set: this.#set }),
      ...(this.#unset.size > 0 && { unset: [...this.#unset] }),
      ...(hasMembers(this.#increments) && { incr: this.#increments }),
      ...(this.#version !== undefined && { ifVersion: this.#version }),
    }

    const command = {
      ...(this.#verb ?? changes),
      ...(hasMembers(this.#flash) && { flash: this.#flash }),
    }
    const payload = encodeBase64url(new TextEncoder().encode(stringify(command)))
    if (payload.length > maxPayloadLength)
      throw invalid(
        `the changes of one response may have ${maxPayloadLength} characters of base64url, ` +
          `these have ${payload.length}; keep large data in your database`,
      )

    return `${nonce}.${payload}`
  }

  #startedData(method: string): CommandMembers | undefined {
    if (this.#verb === undefined) return undefined
    const { start } = this.#verb as { start?: { data: CommandMembers } }
    if (start !== undefined) return start.data
    throw new PortcullisError(
      'ERR_SESSION_ENDED',
      `${method}() was called after end() or endAll(): the session has ended`,
    )
  }
}

function hasMembers(memberObject: object): boolean {
  return Object.keys(memberObject).length > 0
}

function stringify(command: object): string {
  try {
    return JSON.stringify(command)
  } catch (error) {
    throw new PortcullisError(
      'ERR_SESSION_DATA',
      'The session data cannot be written as JSON, for example because of a BigInt or a cycle',
      { cause: error },
    )
  }
}

function invalid(problem: string): PortcullisError {
  return new PortcullisError('ERR_SESSION_DATA', `Portcullis session: ${problem}`)
}
