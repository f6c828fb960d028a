/** `npm run portcullis`: packs the library as npm would publish it, and installs that here. Yours is `npm i portcullis`. */
import { execSync } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'

const run = (command) => execSync(command, { stdio: 'inherit' })

// Where the library is; from outside this repository, `npm run portcullis -- path`.
const [library = '../..'] = process.argv.slice(2)

run(`npm pack --silent --pack-destination . ${library}`)
const tarball = readdirSync('.').find((file) => /^portcullis-.*\.tgz$/.test(file))
run(`npm install --no-save --no-package-lock --no-audit --no-fund ./${tarball}`)
rmSync(tarball)
