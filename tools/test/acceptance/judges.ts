/** The packages that judge, installed apart from everything else and typed as far as they are used here. */
import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const here = import.meta.dirname
const observatory = join(here, 'node_modules/@mdn/mdn-http-observatory')

/** A finding of csp_evaluator; the lower the severity, the worse. */
export interface Finding {
  readonly description: string
  readonly severity: number
}

/** One test of the Observatory over what was retrieved. */
type Test = (requests: object) => { readonly result: string; readonly pass: boolean }

/** What the in-process scorer takes from the Observatory. */
export interface Observatory {
  readonly tests: readonly Test[]
  readonly Requests: new (host: string) => Retrieved
  readonly modifier: (result: string) => number
  readonly grade: (score: number) => { readonly score: number; readonly grade: string }
  readonly isHtml: (type: string) => boolean
  readonly metas: (html: string, url: string) => Map<string, string[]>
  readonly headers: (values: object) => object
  readonly jar: () => { setCookieSync(cookie: string, url: string, options: object): unknown }
}

/** What a scan has collected. */
export interface Retrieved {
  responses: Record<string, unknown>
  resources: { path: string | null }
  session: unknown
}

/** Installs the packages where they are missing. Their install scripts would download lists from the internet. */
export function install(): void {
  if (!existsSync(observatory)) {
    console.log('Installing the judges into tools/test/acceptance/node_modules ...')
    execFileSync('npm', ['ci', '--ignore-scripts', '--silent'], { cwd: here, stdio: 'inherit' })
  }

  // One of those lists: without the file every scan fails, and nothing of ours is on it.
  const preloaded = join(observatory, 'conf/hsts-preload.json')
  if (!existsSync(preloaded)) writeFileSync(preloaded, '{}\n')
}

async function load(path: string): Promise<Record<string, unknown>> {
  return (await import(pathToFileURL(path).href)) as Record<string, unknown>
}

/** The Observatory's parts. */
export async function loadObservatory(): Promise<Observatory> {
  const require = createRequire(join(observatory, 'package.json'))
  const from = (file: string): Promise<Record<string, unknown>> =>
    load(join(observatory, 'src', file))
  const [constants, grader, types, utils] = await Promise.all([
    from('constants.js'),
    from('grader/grader.js'),
    from('types.js'),
    from('retriever/utils.js'),
  ])

  const { AxiosHeaders } = require('axios') as { AxiosHeaders: new (values: object) => object }
  const { CookieJar } = require('tough-cookie') as {
    CookieJar: new () => ReturnType<Observatory['jar']>
  }

  return {
    tests: constants.ALL_TESTS as Test[],
    Requests: types.Requests as Observatory['Requests'],
    modifier: grader.getScoreModifier as Observatory['modifier'],
    grade: grader.getGradeForScore as Observatory['grade'],
    isHtml: (type) => (types.HTML_TYPES as Set<string>).has(type),
    metas: utils.parseHttpEquivHeaders as Observatory['metas'],
    headers: (values) => new AxiosHeaders(values),
    jar: () => new CookieJar(),
  }
}

/** csp_evaluator with every check it has: its defaults, those of strict policies, and that something is reported. */
export async function loadEvaluator(): Promise<(policy: string) => Finding[]> {
  const require = createRequire(join(here, 'package.json'))
  const { CspParser } = require('csp_evaluator/dist/parser.js')
  const {
    CspEvaluator,
    DEFAULT_CHECKS,
    STRICTCSP_CHECKS,
  } = require('csp_evaluator/dist/evaluator.js')

  const { Version } = require('csp_evaluator/dist/csp.js')
  const { checkHasConfiguredReporting } = require('csp_evaluator/dist/checks/security_checks.js')

  return (policy) => {
    const evaluator = new CspEvaluator(new CspParser(policy).csp, Version.CSP3)
    return evaluator.evaluate(
      [...STRICTCSP_CHECKS, checkHasConfiguredReporting],
      DEFAULT_CHECKS,
    ) as Finding[]
  }
}
