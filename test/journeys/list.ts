/** Every journey; `npm run journeys` walks them. The longest come first. */
import { backgroundJourney } from './background.ts'
import { checksJourney } from './checks.ts'
import { expressJourney } from './express.ts'
import { frameworkJourneys } from './frameworks.ts'
import { gatewayJourneys } from './gateway.ts'
import { honoJourneys } from './hono.ts'
import { loginJourney } from './login.ts'
import { migrationJourney } from './migration.ts'
import { monitoringJourney } from './monitoring.ts'
import { operationsJourney } from './operations.ts'
import { proxiesJourney } from './proxies.ts'
import { startJourney } from './start.ts'
import { storeAppsJourney } from './store-apps.ts'
import { storesJourney } from './stores.ts'
import type { Journey } from './support/journey.ts'
import { testingJourney } from './testing.ts'
import { nextJourneys, vercelFunctionJourney } from './vercel.ts'

export const journeys: readonly Journey[] = [
  ...nextJourneys,
  operationsJourney,
  ...gatewayJourneys,
  storeAppsJourney,
  ...frameworkJourneys,
  storesJourney,
  monitoringJourney,
  ...honoJourneys,
  checksJourney,
  proxiesJourney,
  loginJourney,
  startJourney,
  testingJourney,
  expressJourney,
  vercelFunctionJourney,
  backgroundJourney,
  migrationJourney,
]
