/**
 * Defines the steps of a rotation and their values, and keeps a rotation in a file between its steps. `rotate.ts` calls
 * it. A file that cannot be read is a `Stop`.
 */
import { rmSync } from 'node:fs'
import { exit, Stop } from './exit.ts'
import { ignoreInGit, readOptionalFile, writePrivateFile } from './private-files.ts'

/** The steps in their order; docs/operations.md explains each. */
export const steps = ['append', 'first', 'remove'] as const

/** A step of a rotation. */
export type Step = (typeof steps)[number]

/** The content of a variable: secrets that seal, or keys that sign assertions. */
export type SecretKind = 'secret' | 'key'

/** A rotation that has begun. */
export interface Rotation {
  readonly name: string
  /** Name of the environment in wrangler.toml; absent in development. */
  readonly env?: string | undefined
  readonly step: Step
  /** The previous secrets, in their order. */
  readonly old: readonly string[]
  readonly next: string
  /** Time at which the value of the step was written or printed, as ISO 8601; absent until then. */
  readonly since?: string | undefined
  /** Seconds from that time until the next step may be taken. */
  readonly waitSeconds?: number | undefined
}

/** The file with the rotations that have begun. */
export const rotationFile = '.rotation.json'

/**
 * Length from which a word is a secret of its own, so that white space separates secrets. This is the rule of the
 * library.
 */
const separableLength = 32

/** Parses the value of a variable into its secrets or keys. */
export function parseValue(text: string): { readonly kind: SecretKind; readonly list: string[] } {
  const content = text.trim()
  const json = parseJson(content)
  if (Array.isArray(json)) {
    const isKeys = json.some((item) => isKey(item) || isKey(parseJson(item)))
    const list = json.map((item) => (typeof item === 'string' ? item : JSON.stringify(item)))
    return { kind: isKeys ? 'key' : 'secret', list }
  }
  if (isKey(json)) return { kind: 'key', list: [content] }

  const words = content.split(/\s+/)
  const isList = words.some((word) => word.length >= separableLength)
  return { kind: 'secret', list: isList ? words : [content] }
}

/** Creates the value of a step. */
export function createValue(kind: SecretKind, { step, old, next }: Rotation): string {
  const list = { append: [...old, next], first: [next, ...old], remove: [next] }[step]
  return joinValue(kind, list)
}

/** Joins secrets or keys to one text. Passphrases contain spaces, so they need a JSON list. */
export function joinValue(kind: SecretKind, list: readonly string[]): string {
  if (list.length === 1) return list[0] ?? ''
  if (kind === 'key') return `[${list.join(',')}]`
  return list.some((secret) => /\s/.test(secret)) ? JSON.stringify(list) : list.join(' ')
}

/**
 * Reads the rotations that have begun.
 *
 * @throws {Stop} if the file is not as this command wrote it
 */
export function readRotations(): readonly Rotation[] {
  const text = readOptionalFile(rotationFile)
  if (text === '') return []

  const { rotations } = Object(parseJson(text)) as { rotations?: readonly Rotation[] }
  if (!Array.isArray(rotations) || !rotations.every(isRotation))
    throw new Stop(
      exit.faults,
      `${rotationFile} is not as this command wrote it; restore it or delete it.`,
    )
  return rotations
}

/** Replaces the rotation with the same name and environment; undefined removes it. */
export function saveRotation(
  { name, env }: Pick<Rotation, 'name' | 'env'>,
  rotation: Rotation | undefined,
): void {
  const others = readRotations().filter((other) => other.name !== name || other.env !== env)
  const rotations = rotation === undefined ? others : [...others, rotation]
  if (rotations.length === 0) {
    rmSync(rotationFile, { force: true })
    return
  }

  ignoreInGit(rotationFile)
  const note = 'Written by portcullis secret rotate. It contains secrets; the last step deletes it.'
  writePrivateFile(rotationFile, `${JSON.stringify({ note, rotations }, null, 2)}\n`)
}

function isRotation(value: unknown): value is Rotation {
  const { name, step, old, next } = Object(value) as Partial<Rotation>
  const texts = [name, next, ...(Array.isArray(old) ? old : [undefined])]
  return texts.every((text) => typeof text === 'string') && steps.includes(step as Step)
}

function isKey(value: unknown): boolean {
  return typeof (Object(value) as { kty?: unknown }).kty === 'string'
}

function parseJson(text: unknown): unknown {
  try {
    return JSON.parse(`${text}`)
  } catch {
    return undefined
  }
}
