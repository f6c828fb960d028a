/**
 * Verifies a step of a rotation with the configuration of the project, before anything is written. `rotate.ts` calls
 * it. What it finds wrong, and what a store throws, is a `Stop`.
 */
import type { ProjectEnvironment } from './environment.ts'
import { exit, Stop } from './exit.ts'
import { chooseConfig } from './files.ts'
import { loadProject } from './load.ts'
import type { SecretKind, Step } from './rotation.ts'
import {
  acceptsValue,
  checkDeployedKeys,
  checkKeys,
  checkSessions,
  type ProbedConfig,
  type ProbedGateway,
  RejectedValue,
} from './rotation-check.ts'
import { assertionKey, sessionSecret } from './secrets.ts'

/** The step to verify. */
export interface VerifiedStep {
  readonly name: string
  readonly step: Step
  /** The value that runs now. */
  readonly before: string
  /** The value of the step. */
  readonly after: string
  /** Value of the Cookie header of a user who is signed in at the deployment. */
  readonly cookie: string | undefined
  readonly isDeployed: boolean
}

/** The result of a verification: lines to print. */
export interface VerificationResult {
  readonly lines: readonly string[]
  /** The absolute timeout of sessions in milliseconds; undefined for keys. */
  readonly lifetimeMs: number | undefined
}

/**
 * Verifies a step of a rotation.
 *
 * @throws {Stop} if the step would end sessions or lose keys, or if it cannot be verified
 */
export async function verifyStep(
  kind: SecretKind,
  { values, missing, hasBindings }: ProjectEnvironment,
  step: VerifiedStep,
): Promise<VerificationResult> {
  const { config, gateway } = await openGateway()
  const others = missing.filter((name) => name !== step.name)
  const env = { ...values, ...(await createStandIns(others)) }
  const origin = readOrigin(config, env)
  const probe = { ...step, env }

  try {
    if (kind === 'key') {
      const own = await checkKeys(gateway, origin, probe)
      const deployed = step.isDeployed ? await checkDeployedKeys(gateway, origin, probe) : []
      return { lines: [...own, ...deployed], lifetimeMs: undefined }
    }

    const { session } = config
    if (session === undefined)
      throw new Stop(
        exit.faults,
        'The configuration has no sessions, because its option session is not set.',
      )
    if (others.length === 0 && !(await acceptsValue(gateway, origin, probe)))
      throw new RejectedValue()

    return await checkSessions(session, probe)
  } catch (error) {
    throw describeFailure(error, others, hasBindings)
  }
}

async function openGateway(): Promise<{ config: ProbedConfig; gateway: ProbedGateway }> {
  const { module, judges } = await loadProject(chooseConfig(undefined))
  const exported = module.config
  const config = typeof exported === 'function' ? exported() : exported
  return { config, gateway: judges.createGateway(config as never) as ProbedGateway }
}

/**
 * Creates values for secrets that the check needs and that have no part in the rotation. Nothing that lasts is sealed
 * with them.
 */
async function createStandIns(names: readonly string[]): Promise<Record<string, string>> {
  const values: Record<string, string> = {}
  for (const name of names)
    values[name] = name === 'ASSERTION_KEY' ? await assertionKey() : sessionSecret()

  return values
}

function readOrigin({ publicOrigin }: ProbedConfig, env: object): string {
  return typeof publicOrigin === 'function' ? publicOrigin({ env }) : publicOrigin
}

/** Turns what sessions and stores throw into a message with its code, and says what the check lacked. */
function describeFailure(error: unknown, missing: readonly string[], hasBindings: boolean): Stop {
  if (error instanceof Stop) return error
  const { code, message } = Object(error) as { code?: unknown; message?: unknown }
  const hint = hasBindings
    ? '\nBindings only exist in the Worker: rotate as the table of docs/operations.md says.'
    : missing.length > 0
      ? `\nThe check needs ${missing.join(', ')} in the environment of this command.`
      : ''
  const text = typeof message === 'string' ? message : `${error}`
  return new Stop(exit.faults, `${typeof code === 'string' ? `${code}: ` : ''}${text}${hint}`)
}
