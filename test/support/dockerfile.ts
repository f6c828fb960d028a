/**
 * Runs the commands of a Dockerfile and reads a compose file, without Docker: as much of both as
 * the examples use.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, isAbsolute, join, relative } from 'node:path'

/** What an image holds once it is built. */
export interface BuiltImage {
  /** The last WORKDIR, in this file system. */
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  readonly command: readonly string[]
  /** Every instruction that was followed. */
  readonly followed: readonly string[]
  remove(): void
}

interface Stage {
  readonly root: string
  workdir: string
}

/**
 * Follows a Dockerfile. Each stage has a folder for its root; RUN goes to `sh -c` in the WORKDIR.
 * FROM, EXPOSE and USER are read and change nothing: there is one Node, and no other user. An
 * instruction that is not known here is an error.
 */
export function buildImage(dockerfile: string, context: string): BuiltImage {
  const at = mkdtempSync(join(tmpdir(), 'portcullis-image-'))
  const ignored = readIgnored(`${dockerfile}.dockerignore`)
  const stages = new Map<string, Stage>()
  const env: Record<string, string> = {}
  const followed: string[] = []
  let command: string[] = []
  let stage: Stage = { root: at, workdir: '/' }
  const inStage = (path: string, { root, workdir } = stage): string =>
    join(root, isAbsolute(path) ? path : join(workdir, path))

  const follow: Readonly<Record<string, (rest: string) => void>> = {
    FROM(rest): void {
      const [, name = `${stages.size}`] = / AS (\S+)$/i.exec(rest) ?? []
      stage = { root: join(at, name), workdir: '/' }
      mkdirSync(stage.root)
      stages.set(name, stage)
    },
    WORKDIR(rest): void {
      stage.workdir = rest
      mkdirSync(inStage('.'), { recursive: true })
    },
    COPY(rest): void {
      const words = rest.split(/\s+/)
      const [, from] = /^--from=(.*)$/.exec(words[0] ?? '') ?? []
      const source = from === undefined ? undefined : stages.get(from)
      if (from !== undefined) words.shift()
      const to = words.pop() ?? '.'
      for (const word of words) {
        const found = globSync(source === undefined ? join(context, word) : inStage(word, source))
        if (found.length === 0) throw new Error(`COPY found no ${word}`)
        for (const path of found) copy(path, to)
      }
    },
    RUN(rest): void {
      execFileSync('sh', ['-c', rest], {
        cwd: inStage('.'),
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, ...env, npm_config_prefer_offline: 'true' },
      })
    },
    ENV(rest): void {
      for (const [, name = '', value = ''] of rest.matchAll(/(\w+)=(\S+)/g)) env[name] = value
    },
    CMD(rest): void {
      command = JSON.parse(rest) as string[]
    },
    EXPOSE(): void {},
    USER(): void {},
  }

  function copy(path: string, to: string): void {
    const target = inStage(to)
    const folder = path === join(context, '.')
    const into = folder || !to.endsWith('/') ? target : join(target, basename(path))
    cpSync(path, into, {
      recursive: true,
      filter: (each) => !ignored(relative(context, each)),
    })
  }

  try {
    for (const [, name = '', rest = ''] of readFileSync(dockerfile, 'utf8').matchAll(
      /^([A-Z]+) (.*)$/gm,
    )) {
      const instruction = follow[name]
      if (instruction === undefined) throw new Error(`unknown instruction ${name}`)
      instruction(rest)
      followed.push(name)
    }
  } catch (error) {
    rmSync(at, { recursive: true, force: true })
    throw error
  }
  const remove = (): void => rmSync(at, { recursive: true, force: true })
  return { folder: inStage('.'), env, command, followed, remove }
}

/**
 * Reads an ignore file of names, each of them at the root or, behind `**` and a slash, anywhere.
 */
function readIgnored(file: string): (path: string) => boolean {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean)
  const anywhere = new Set(lines.flatMap((line) => /^\*\*\/(.*)$/.exec(line)?.[1] ?? []))
  return (path) => lines.includes(path) || anywhere.has(basename(path))
}

/**
 * One service of a compose file: what is written at its keys, and its environment with variables
 * filled in.
 */
export interface ComposeService {
  readonly keys: Readonly<Record<string, string>>
  readonly environment: Readonly<Record<string, string>>
}

/**
 * Reads the services of a compose file that keeps to two spaces a level and plain values.
 *
 * @param variables - what stands for `${NAME:?}`, and for `${NAME:-default}` instead of the default
 */
export function readCompose(
  file: string,
  variables: Readonly<Record<string, string>>,
): Map<string, ComposeService> {
  const services = new Map<string, ComposeService>()
  let keys: Record<string, string> = {}
  let environment: Record<string, string> = {}
  const fill = (text: string): string =>
    text.replace(
      /\$\{(\w+):([-?])([^}]*)\}/g,
      (_, name: string, kind: string, byDefault: string) => {
        const value = variables[name] ?? (kind === '-' ? byDefault : undefined)
        if (value === undefined) throw new Error(`compose needs ${name}`)
        return value
      },
    )
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [, indent = '', name = '', value = ''] = /^( *)([\w-]+):(?: (.*))?$/.exec(line) ?? []
    if (name === '') continue
    if (indent.length === 2) {
      keys = {}
      environment = {}
      services.set(name, { keys, environment })
    } else if (indent.length === 4) keys[name] = fill(value)
    else if (indent.length === 6) environment[name] = fill(value)
  }
  return services
}
