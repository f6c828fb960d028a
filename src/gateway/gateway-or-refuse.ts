/**
 * Builds a gateway that responds with 503 to every request if its configuration is invalid, instead of
 * failing at startup. Applications wrap `createGateway` with it. All issues are reported once for each
 * request and cron trigger (by default as one line of JSON), and not at the build. An error that is no
 * `ConfigError` (`ERR_CONFIG`) is thrown to the caller, and errors of the `report` function are
 * dropped.
 */
import { randomId } from '../crypto/index.ts'
import { isPortcullisError } from '../errors.ts'
import { headerWriter } from '../headers/index.ts'
import { createIssues, optionalListener } from '../options/index.ts'
import { createReporter, errorResponse, type ReportError } from '../page/index.ts'
import { isHttps, readUrlHost } from '../request/index.ts'
import type { ProjectEnv } from '../types.ts'
import type { Gateway } from './create.ts'

/**
 * Builds a gateway. If the configuration is invalid, every request gets 503 with a page that names
 * no details, and the log names the issues. Without this function, a Worker whose configuration
 * throws responds with the platform's page. `npx portcullis check` finds the same issues before a
 * deployment.
 *
 * @example
 * ```ts
 * export default gatewayOrRefuse(() => createGateway(config))
 * ```
 * @param make - reads the configuration and calls `createGateway`; any error but a `ConfigError` is thrown to the caller.
 * @param report - receives the error once for each rejected request and cron trigger; default is a line of JSON by `console.error`.
 */
export function gatewayOrRefuse<E = ProjectEnv>(
  make: () => Gateway<E>,
  report: ReportError = createReporter(),
): Gateway<E> {
  const issues = createIssues('gatewayOrRefuse')
  const listener = optionalListener(issues, 'report', report)

  try {
    issues.throwIfAny()
    return make()
  } catch (error) {
    if (!isPortcullisError(error, 'ERR_CONFIG')) throw error
    const writeHeaders = headerWriter({}, createIssues())
    // If `report` is no function, that is one of the issues, and the default reporter reports them.
    const reportError = listener ?? createReporter()

    return {
      async fetch(request): Promise<Response> {
        const requestId = randomId()
        reportError(error, { requestId, method: request.method })
        const requestOrigin = { https: isHttps(request.url), host: readUrlHost(request.url) }

        return writeHeaders(errorResponse('config-invalid', request, { requestId }), requestOrigin)
      },
      async scheduled(): Promise<void> {
        reportError(error, { method: 'scheduled' })
      },
    }
  }
}
