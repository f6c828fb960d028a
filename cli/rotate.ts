/**
 * Takes the rotation of a secret one step further, after verifying that the step signs nobody out: `portcullis secret
 * rotate`. `main.ts` calls it, and docs/operations.md explains the steps. It prints a secret only with `--print`, and
 * never writes through a symbolic link. A step that may not be taken is a `Stop`, and nothing is written.
 */
import { existsSync, readFileSync } from 'node:fs'
import { type ProjectEnvironment, readEnvironment } from './environment.ts'
import { type Exit, exit, Stop } from './exit.ts'
import { readOptionalFile, refuseLink, replaceDevVar, writePrivateFile } from './private-files.ts'
import { parseDevVars } from './review.ts'
import {
  createValue,
  joinValue,
  parseValue,
  type Rotation,
  readRotations,
  rotationFile,
  type SecretKind,
  type Step,
  saveRotation,
  steps,
} from './rotation.ts'
import { RejectedValue } from './rotation-check.ts'
import { describeDuration, describeNext, describeStep, findWait } from './rotation-text.ts'
import { verifyStep } from './rotation-verify.ts'
import { assertionKey, sessionSecret } from './secrets.ts'

const usage =
  'portcullis secret rotate [NAME] [--env NAME] [--cookie FILE] [--now] [--dry-run] [--print]'
const devVars = '.dev.vars'

/** The arguments of the command. */
interface RotateRequest {
  readonly name: string
  /** Name of the environment in wrangler.toml; undefined in development. */
  readonly env: string | undefined
  /** Path of a file with a Cookie header from the deployment. */
  readonly cookieFile: string | undefined
  readonly isNow: boolean
  readonly isDry: boolean
  readonly isPrint: boolean
}

/**
 * Runs `portcullis secret rotate`.
 *
 * @throws {Stop} if the arguments are wrong or the step may not be taken
 */
export async function rotate(args: readonly string[]): Promise<Exit> {
  const request = parseRequest(args)
  for (const path of [devVars, rotationFile, '.gitignore']) refuseLink(path)
  const current = readRotations().find(
    ({ name, env }) => name === request.name && env === request.env,
  )
  if (request.isPrint) return printValue(current)

  // The gateway runs in this process. What it logs is only printed if it rejects the value.
  const { log } = console
  const lines: unknown[] = []
  console.log = (line: unknown) => lines.push(line)
  try {
    return await takeStep(request, current, (text) => log(text))
  } catch (error) {
    if (error instanceof RejectedValue) for (const line of lines) console.error(line)
    throw error
  } finally {
    console.log = log
  }
}

function parseRequest(args: readonly string[]): RotateRequest {
  const flags = new Map<string, string>()
  const names: string[] = []
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? ''
    if (['--now', '--dry-run', '--print'].includes(argument)) flags.set(argument, 'yes')
    else if (['--env', '--cookie'].includes(argument)) flags.set(argument, args[++index] ?? '')
    else names.push(argument)
  }

  const [name = 'SESSION_SECRET'] = names
  const isName = /^[A-Z_][A-Z0-9_]*$/.test(name) && names.length < 2
  const isPrint = flags.has('--print')
  const others = [...flags.keys()].filter((flag) => flag !== '--print' && flag !== '--env')
  const isConsistent = !(isPrint && others.length > 0) && ![...flags.values()].includes('')
  if (!isName || !isConsistent) throw new Stop(exit.usage, usage)

  return {
    name,
    env: flags.get('--env'),
    cookieFile: flags.get('--cookie'),
    isNow: flags.has('--now'),
    isDry: flags.has('--dry-run'),
    isPrint,
  }
}

/** Prints the value of the step for `wrangler secret put`. The waiting time of the step begins now. */
function printValue(rotation: Rotation | undefined): Exit {
  if (rotation === undefined)
    throw new Stop(exit.faults, 'No rotation has begun: run the command without --print first.')

  console.log(createValue(parseValue(rotation.next).kind, rotation))
  if (rotation.env !== undefined)
    saveRotation(rotation, { ...rotation, since: new Date().toISOString() })
  return exit.ok
}

async function takeStep(
  request: RotateRequest,
  current: Rotation | undefined,
  print: (text: string) => void,
): Promise<Exit> {
  if (current !== undefined) requireWait(request, current)
  const number = current === undefined ? 0 : steps.indexOf(current.step) + 1
  const step = steps[number]
  if (step === undefined) return endRotation(request, print)

  const environment = await readEnvironment(request.env)
  const rotation = await createRotation(request, current, environment, step)
  const { kind } = parseValue(rotation.next)
  const before = current === undefined ? joinValue(kind, rotation.old) : createValue(kind, current)
  const after = createValue(kind, rotation)
  const cookie = readCookie(request)
  const { env } = request
  const { lines, lifetimeMs } = await verifyStep(kind, environment, {
    ...{ name: rotation.name, step, before, after, cookie },
    isDeployed: env !== undefined,
  })
  const wait = findWait(rotation, kind, lifetimeMs)

  print(describeStep(rotation, number + 1))
  for (const line of lines) print(`  ${line}`)
  if (request.isDry) {
    print('  dry run: nothing was written')
    return exit.ok
  }
  const savedRotation = { ...rotation, waitSeconds: wait.seconds }
  if (env === undefined) writeDevelopment(savedRotation, kind, before)
  else saveRotation(savedRotation, savedRotation)
  if (env !== undefined)
    print(`  ${rotationFile} contains the old and the new value: keep it secret`)
  print(describeNext(rotation, wait))
  return exit.ok
}

/** Reads the Cookie header of `--cookie`, with or without the name of the header. */
function readCookie({ cookieFile }: RotateRequest): string | undefined {
  if (cookieFile === undefined) return undefined
  if (!existsSync(cookieFile)) throw new Stop(exit.missing, `There is no file ${cookieFile}.`)
  return readFileSync(cookieFile, 'utf8')
    .trim()
    .replace(/^cookie:\s*/i, '')
}

/**
 * Checks that the previous step was deployed and has waited long enough.
 *
 * @throws {Stop} if not
 */
function requireWait({ name, env, isNow }: RotateRequest, current: Rotation): void {
  const { since, step, waitSeconds = 0 } = current
  if (since === undefined)
    throw new Stop(
      exit.faults,
      `The value of step "${step}" was not printed yet, so it cannot be deployed; print it:\n` +
        `  npx portcullis secret rotate ${name} --env ${env} --print | npx wrangler secret put ${name} -e ${env}`,
    )
  const leftSeconds = waitSeconds - (Date.now() - Date.parse(since)) / 1000
  if (isNow || leftSeconds <= 0) return

  const { reason } = findWait(current, parseValue(current.next).kind, waitSeconds * 1000)
  const cost = step === 'first' ? 'ends the sessions of the old secret' : 'may let requests fail'
  throw new Stop(
    exit.faults,
    `Step "${step}" must wait ${describeDuration(leftSeconds)} more: ${reason}. --now runs it at once and ${cost}.`,
  )
}

/** Creates the rotation with its next step. The first step creates the new secret. */
async function createRotation(
  { name, env }: RotateRequest,
  current: Rotation | undefined,
  { values }: ProjectEnvironment,
  step: Step,
): Promise<Rotation> {
  if (current !== undefined) return { ...current, step, since: undefined }

  const value = values[name] ?? process.env[name]
  if (typeof value !== 'string' || value === '') {
    const hint =
      env === undefined
        ? `${devVars} has no ${name}: npx portcullis init adds one.`
        : `Set ${name} in the environment of this command, with the value that is deployed:\n  read -rs ${name} && export ${name}`
    throw new Stop(exit.missing, hint)
  }
  const { kind, list } = parseValue(value)
  const next = kind === 'key' ? await assertionKey() : sessionSecret()
  return { name, env, step, old: list, next }
}

/** Writes the step into `.dev.vars`, which must contain the value of the previous step. */
function writeDevelopment(rotation: Rotation, kind: SecretKind, before: string): void {
  const { name, step } = rotation
  const text = readOptionalFile(devVars)
  const present = parseValue(parseDevVars(text)[name] ?? '')
  if (joinValue(present.kind, present.list) !== before)
    throw new Stop(exit.faults, `${devVars} does not contain the ${name} of the previous step.`)

  writePrivateFile(devVars, replaceDevVar(text, name, createValue(kind, rotation)))
  const since = new Date().toISOString()
  saveRotation(rotation, step === 'remove' ? undefined : { ...rotation, since })
}

/** Removes the old secret from the file after the last step of a deployment. */
function endRotation({ name, env, isDry }: RotateRequest, print: (text: string) => void): Exit {
  if (!isDry) saveRotation({ name, env }, undefined)
  print(`The rotation of ${name} is complete; ${rotationFile} no longer contains it.`)
  return exit.ok
}
