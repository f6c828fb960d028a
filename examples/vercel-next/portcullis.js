/** `npm run portcullis`: packs the library as npm would publish it, and installs that here. Yours is `npm i portcullis`. */
import { execSync } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'

const run = (command) => execSync(command, { stdio: 'inherit' })

run('npm pack --silent --pack-destination . ../..')
const tarball = readdirSync('.').find((file) => /^portcullis-.*\.tgz$/.test(file))
run(`npm install --no-save --no-package-lock --no-audit --no-fund ./${tarball}`)
rmSync(tarball)
