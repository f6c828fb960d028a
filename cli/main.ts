#!/usr/bin/env node
/**
 * Runs `npx portcullis`: creates a gateway project, checks it, runs an identity provider for development, ends
 * sessions, and creates and rotates secrets. Developers and administrators call it on their own machine, never on the
 * edge. A `Stop` is printed and sets the exit status.
 */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { check } from './check.ts'
import { doctor } from './doctor.ts'
import { type Exit, exit, Stop } from './exit.ts'
import { init } from './init.ts'
import type { PackageManifest } from './manifest.ts'
import { provider } from './provider.ts'
import { rotate } from './rotate.ts'
import { secretsText, sessionSecret } from './secrets.ts'
import { sessions } from './sessions.ts'

const help = `portcullis: sessions and security for the edge

  portcullis init [folder] [--upstream URL | --binding NAME] [--login] [--force FILE]...
      Writes wrangler.toml, gateway.config.ts, worker.ts, tsconfig.json and .dev.vars with fresh secrets; adds to
      package.json and .gitignore what they lack. Overwrites only what --force names, one file each. With --login people
      sign in at an identity provider: at one for development, until LOGIN_ISSUER names yours.
  portcullis check [--production] [--providers] [gateway.config.ts] [wrangler.toml]
      Builds the gateway and reviews the settings of the Worker: one line for each fault. With --providers it asks the
      identity providers of a login for their metadata, and lists the addresses to register there. With --production it
      also finds settings that cannot serve visitors: addresses of this machine, plain http, no route, missing secrets.
  portcullis provider [--port 8789] [--gateway URL] [-- COMMAND...]
      Runs an identity provider for development on this machine, and a command beside it: one click signs in, so no
      other machine can reach it.
  portcullis doctor
      Checks what a project needs to run here: Node, wrangler, secrets, the server behind the gateway.
  portcullis sessions list USER [--env NAME] [--json]
  portcullis sessions end USER (--id ID | --all) [--env NAME] [--by NAME] [--json]
      Lists or ends the sessions of a user in the store of the configuration, for administrators. With --env it uses the
      variables of that environment in wrangler.toml, and secrets from the environment of the command.
  portcullis secret [--plain]
      Prints secrets for a deployment; with --plain one session secret and nothing else.
  portcullis secret rotate [NAME] [--env NAME] [--cookie FILE] [--now] [--dry-run] [--print]
      Takes the rotation of SESSION_SECRET, or of NAME, one step further: append the new secret, move it first, remove the
      old one. Verifies first that the step signs nobody out, and says how long to wait. In development it writes
      .dev.vars; with --env it says how to deploy the value, and prints that with --print only.
  portcullis --help | --version

Exit status: 0 done, 1 faults found, files in the way or a store that fails, 2 command not understood, 3 something is not installed or not here.
`

const args = process.argv.slice(2)
process.exitCode = await run(args).catch((error: unknown) => {
  if (!(error instanceof Stop)) throw error
  console.error(error.message)
  return error.status
})
// The client of a store may keep its connection open, so the process must exit. What was printed must reach a pipe
// before.
if (args[0] === 'sessions' || args[1] === 'rotate') process.stdout.write('', () => process.exit())

async function run([command, ...args]: readonly string[]): Promise<Exit> {
  if (args.includes('--help') || args.includes('-h')) command = '--help'
  switch (command) {
    case 'init':
      return init(args, readPackageManifest())
    case 'check':
      return check(args)
    case 'provider':
      return provider(args)
    case 'doctor':
      return doctor(args)
    case 'sessions':
      return sessions(args)
    case 'secret':
      if (args[0] === 'rotate') return rotate(args.slice(1))
      if (args.some((argument) => argument !== '--plain'))
        throw new Stop(exit.usage, 'portcullis secret [--plain]\nportcullis secret rotate [NAME]')
      console.log(args.length > 0 ? sessionSecret() : await secretsText())
      return exit.ok
    case '--version':
    case '-v':
      console.log(readPackageManifest().version)
      return exit.ok
    case '--help':
    case '-h':
      console.log(help)
      return exit.ok
    default:
      throw new Stop(
        exit.usage,
        `${command === undefined ? '' : `There is no command ${command}; these are the commands:\n\n`}${help}`,
      )
  }
}

/** Reads the package.json of this package: two folders up in the built package, and one before it is built. */
function readPackageManifest(): PackageManifest {
  const path = ['../../package.json', '../package.json']
    .map((place) => fileURLToPath(new URL(place, import.meta.url)))
    .find((place) => existsSync(place) && /"name": "portcullis"/.test(readFileSync(place, 'utf8')))
  if (!path)
    throw new Stop(exit.missing, 'This installation of portcullis is incomplete; install it again.')
  return JSON.parse(readFileSync(path, 'utf8')) as PackageManifest
}
