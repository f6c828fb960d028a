/** What a part of the benchmark hands back, and how it is written. */

import type { Plot } from './plot.ts'
import type { Variant } from './rounds.ts'

export interface Table {
  readonly caption: string
  readonly columns: readonly string[]
  readonly rows: ReadonlyArray<readonly string[]>
}

export interface Goal {
  /** As the design has it. */
  readonly promise: string
  readonly goal: string
  readonly measured: string
  readonly holds: boolean
  /** Whether it would hold on the machine where the goal was set, by the reference unit. */
  readonly scaled?: boolean
}

export interface Report {
  readonly title: string
  /** What was done and how to read it: whole sentences. */
  readonly text: string
  readonly tables: readonly Table[]
  readonly goals: readonly Goal[]
  readonly plots?: readonly Plot[]
}

/** The verdict in words. */
export function verdict({ holds, scaled }: Goal): string {
  return holds ? 'holds' : scaled ? 'holds scaled only' : 'DOES NOT HOLD'
}

export interface Settings {
  /** Measured in each round of each part. */
  readonly unit: Variant
  /** Two minutes for everything: fewer, shorter rounds. */
  readonly quick: boolean
  readonly rounds: number
  /** Milliseconds for which one variant is driven in one round. */
  readonly ms: number
  readonly log: (line: string) => void
}

export function markdown({ caption, columns, rows }: Table): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [
    `**${caption}**`,
    '',
    line(columns),
    line(columns.map(() => '---')),
    ...rows.map(line),
    '',
  ].join('\n')
}

/** For a terminal: columns below each other. */
export function plain({ caption, columns, rows }: Table): string {
  const all = [columns, ...rows]
  const widths = columns.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
  return [caption, ...all.map((row) => `  ${line(row)}`), ''].join('\n')
}
