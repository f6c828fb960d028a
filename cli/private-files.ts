/**
 * Writes files that contain secrets: readable by their owner only, whole or not at all, and never through a symbolic
 * link. `rotate.ts` and `rotation.ts` call it. A link is a `Stop`.
 */
import { existsSync, lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { exit, Stop } from './exit.ts'

/**
 * Checks that a path is not a symbolic link, not even one that leads nowhere.
 *
 * @throws {Stop} if it is a link
 */
export function refuseLink(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink())
    throw new Stop(exit.faults, `${path} is a symbolic link; make it a file of the project.`)
}

/**
 * Reads a file of the project, or returns an empty text if there is none.
 *
 * @throws {Stop} if it is a link
 */
export function readOptionalFile(path: string): string {
  refuseLink(path)
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

/**
 * Replaces a file in one step, so that no reader finds a part of it.
 *
 * @throws {Stop} if it is a link
 */
export function writePrivateFile(path: string, text: string): void {
  refuseLink(path)
  const temporary = `${path}.${process.pid}.tmp`
  try {
    writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' })
    renameSync(temporary, path)
  } finally {
    rmSync(temporary, { force: true })
  }
}

/** Adds a line to .gitignore unless it is there already. */
export function ignoreInGit(name: string): void {
  const text = readOptionalFile('.gitignore')
  if (text.split(/\r?\n/).some((line) => line.trim().replace(/^\//, '') === name)) return

  const separator = text === '' || text.endsWith('\n') ? '' : '\n'
  writeFileSync('.gitignore', `${text}${separator}${name}\n`)
}

/**
 * Replaces the value of a name in the text of a `.dev.vars`.
 *
 * @throws {Stop} if the name does not occur exactly once, or if a quote would end the value
 */
export function replaceDevVar(text: string, name: string, value: string): string {
  const line = new RegExp(`^([ \\t]*(?:export[ \\t]+)?${name}[ \\t]*=).*$`, 'gm')
  const count = [...text.matchAll(line)].length
  if (count !== 1)
    throw new Stop(exit.faults, `.dev.vars has ${count} lines of ${name}; it must have one.`)
  if (/['\n]/.test(value))
    throw new Stop(
      exit.faults,
      `${name} contains a quote or a line end, which .dev.vars cannot contain.`,
    )

  return text.replace(line, (_line, start: string) => `${start}'${value}'`)
}
