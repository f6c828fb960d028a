/**
 * Writes files that hold secrets: readable by their owner only, whole or not at all, and never through a symbolic link.
 * `secret rotate` calls it. A link is a `Stop`.
 */
import { existsSync, lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { exit, Stop } from './exit.ts'

/** Throws a {@link Stop} for a symbolic link, also for one that leads nowhere. */
export function refuseLink(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink())
    throw new Stop(exit.faults, `${path} is a symbolic link; make it a file of the project.`)
}

/** Reads a file of the project; a file that is not there is empty. */
export function readOptionalFile(path: string): string {
  refuseLink(path)
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

/** Replaces a file in one step. */
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

/** Adds a line to .gitignore, unless it is there. */
export function ignoreInGit(name: string): void {
  const text = readOptionalFile('.gitignore')
  if (text.split(/\r?\n/).some((line) => line.trim().replace(/^\//, '') === name)) return

  const separator = text === '' || text.endsWith('\n') ? '' : '\n'
  writeFileSync('.gitignore', `${text}${separator}${name}\n`)
}

/**
 * Replaces the value of a name in the text of a `.dev.vars`. Throws a {@link Stop} where the name is not there exactly once,
 * or where a quote would end the value.
 */
export function replaceDevVar(text: string, name: string, value: string): string {
  const line = new RegExp(`^([ \\t]*(?:export[ \\t]+)?${name}[ \\t]*=).*$`, 'gm')
  const count = [...text.matchAll(line)].length
  if (count !== 1)
    throw new Stop(exit.faults, `.dev.vars has ${count} lines of ${name}; it must have one.`)
  if (/['\n]/.test(value))
    throw new Stop(
      exit.faults,
      `${name} contains a quote or a line end, which .dev.vars cannot hold.`,
    )

  return text.replace(line, (_line, start: string) => `${start}'${value}'`)
}
