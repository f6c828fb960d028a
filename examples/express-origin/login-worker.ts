/** The Worker of `npm run dev -- --login`: the demo with a login at the development provider. */
import { createGateway, gatewayOrRefuse } from '../../src/gateway/index.ts'
import { demoWithLogin } from './login.config.ts'

export default gatewayOrRefuse(() => createGateway(demoWithLogin()))
