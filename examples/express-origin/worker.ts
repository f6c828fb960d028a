/** What `npm run dev` runs: the gateway of the demo's own configuration. The deployable is `worker/index.ts`. */
import { createGateway, gatewayOrRefuse } from '../../src/gateway/index.ts'
import { demo } from './gateway.config.ts'

export default gatewayOrRefuse(() => createGateway(demo()))
