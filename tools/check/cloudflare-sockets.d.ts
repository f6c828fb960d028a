/** The part of Workers' sockets that documentation shows. The types of the platform would replace those of Node. */
import type { ConnectSocket } from '../../src/redis/index.ts'

export declare const connect: ConnectSocket
