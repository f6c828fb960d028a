/** The parts of the benchmark that show how cost grows: `--only scale` runs all of them. */
export { countBuilds, countRequestCurves, countStrangers } from './counted.ts'
export { measureLatency } from './latency.ts'
export { measureMemory } from './memory.ts'
export { countRequests } from './requests.ts'
export { measureRows } from './rows.ts'
