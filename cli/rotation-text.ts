/**
 * Describes a step of a rotation in words, and decides how long the next one must wait. `rotate.ts` calls it. It is
 * pure and throws nothing.
 */
import type { Rotation, SecretKind, Step } from './rotation.ts'

/** The time that the next step must wait, and the reason. */
export interface Wait {
  readonly seconds: number
  readonly reason: string
}

/** Seconds after which a deployment by `wrangler secret put` has reached every location. */
const deploySeconds = 60
/** Seconds after which every verifier of assertions has fetched the keys again. */
const keySetSeconds = 3600

const meanings: Readonly<Record<Step, string>> = {
  append: 'the old value stays first, and the new one is accepted too',
  first: 'the new value is first and used from now on; the old one is accepted',
  remove: 'the old value is removed',
}

/**
 * Returns the time to wait after a step. In development there is one process, which starts again with the new value.
 */
export function findWait(
  { step, env }: Rotation,
  kind: SecretKind,
  lifetimeMs: number | undefined,
): Wait {
  if (step === 'remove') return { seconds: 0, reason: '' }
  if (kind === 'key')
    return { seconds: keySetSeconds, reason: 'servers behind the gateway fetch the keys again' }
  if (step === 'append')
    return {
      seconds: env === undefined ? 0 : deploySeconds,
      reason: 'every version that knows only the old secret must be gone',
    }
  return {
    seconds: Math.ceil((lifetimeMs ?? 0) / 1000),
    reason: 'no session lives longer, so none of the old secret is left then',
  }
}

/** Creates the first line about a step. */
export function describeStep({ name, env, step }: Rotation, number: number): string {
  const place = env === undefined ? '.dev.vars' : env
  return `Step ${number} of 3, "${step}", ${name} of ${place}: ${meanings[step]}.`
}

/** Creates the lines that say what to do after a step. */
export function describeNext(rotation: Rotation, { seconds, reason }: Wait): string {
  const { name, env, step } = rotation
  const command = `npx portcullis secret rotate ${name}${env === undefined ? '' : ` --env ${env}`}`
  const put =
    env === undefined
      ? []
      : ['Deploy it:', `  ${command} --print | npx wrangler secret put ${name} -e ${env}`]
  const wait = seconds === 0 ? [] : [`Then wait ${describeDuration(seconds)}: ${reason}.`]
  const isOver = env === undefined && step === 'remove'
  const next = isOver ? ['The rotation is complete.'] : ['Next step:', `  ${command}`]

  return [...put, ...wait, ...next].join('\n')
}

/** Writes a number of seconds in words. */
export function describeDuration(seconds: number): string {
  const [unit, size] = (
    [
      ['day', 86_400],
      ['hour', 3600],
      ['minute', 60],
      ['second', 1],
    ] as const
  ).find(([, length]) => seconds >= length) ?? ['second', 1]
  const count = Math.ceil((seconds / size) * 10) / 10
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
