/** What a journey is: documented steps, walked as a stranger walks them. */
import type { Page } from './pages.ts'
import type { Service } from './services.ts'

/** One way of use, from an empty folder to what its pages promise. */
export interface Journey {
  readonly name: string
  /** The pages that it walks: it takes blocks from each of them, or observes what they promise. */
  readonly pages: readonly string[]
  walk(trip: Trip): Promise<void>
}

/** What a journey has: an empty folder, pages, and steps that are counted. */
export interface Trip {
  /** An empty folder outside the repository. The packed library and its peers are installed above it. */
  readonly folder: string
  /** The tarball that would be published. */
  readonly tarball: string
  /** Folder of the shared installation: `node_modules` to link from. */
  readonly installation: string
  /** An empty folder with nothing installed above it, for steps that run `npm install` themselves. */
  apart(): string
  page(path: string): Page
  /** Runs one step. A failure ends the journey. */
  step(title: string, run: () => Promise<unknown> | unknown): Promise<void>
  /** Writes a file into the folder, with folders on the way. @returns its path. */
  write(name: string, text: string): string
  /** Writes a block as a module and imports it. A name that was loaded before is the module from then. */
  load<Module>(name: string, text: string): Promise<Module>
  /** Stops a service at the end of the journey, whatever happens. */
  use<Kind extends Service>(service: Kind): Kind
}
