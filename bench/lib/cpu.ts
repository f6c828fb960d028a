/** CPU time of a process, from /proc: what a request costs whoever pays for CPU, however busy the machine is. */
import { readdirSync, readFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Cpu {
  /** Microseconds on a CPU, user and system, of every thread. */
  readonly used: number
  /** Microseconds spent ready to run, without a CPU: how disturbed the measurement was. */
  readonly waited: number
}

/** What a process has used so far. By the scheduler's count (/proc/PID/task/N/schedstat), which has nanoseconds. */
export function cpuOf(pid: number): Cpu {
  let [used, waited] = [0, 0]
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    try {
      const [on = 0, off = 0] = readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8')
        .split(' ')
        .map(Number)
      used += on
      waited += off
    } catch {} // a thread that ended meanwhile
  }
  return used > 0 ? { used: used / 1000, waited: waited / 1000 } : { used: ticksOf(pid), waited: 0 }
}

/** The same once the process sleeps: what runs is counted late, and what is swept up after an answer belongs to it. */
export async function restedCpu(pid: number): Promise<Cpu> {
  let last = cpuOf(pid)
  for (let tries = 0; tries < 40; tries++) {
    await sleep(1)
    const now = cpuOf(pid)
    if (now.used === last.used) return now
    last = now
  }
  return last
}

/** Where the kernel keeps no schedstat: /proc/PID/stat, in ticks of 10 ms. */
function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

/** Runnable processes, averaged over the last minute. */
export const load = (): number => loadavg()[0] ?? 0

/** What the numbers were measured on. */
export function machine(): string {
  const all = cpus()
  return `${all.length} × ${all[0]?.model.trim() ?? 'unknown CPU'}`
}
