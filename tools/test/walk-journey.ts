/** Walks one journey: gives it a folder, counts its steps, and stops what it started. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Installation } from '../../test/journeys/support/installation.ts'
import type { Journey, Trip } from '../../test/journeys/support/journey.ts'
import { openPage, type Walked } from '../../test/journeys/support/pages.ts'
import type { Service } from '../../test/journeys/support/services.ts'
import type { Count } from '../steps.ts'

/** Thrown once a step failed and was counted. */
const stopped = new Error('a step failed')

/** Walks it to its end, or to the first step that fails. */
export async function walkJourney(journey: Journey, installation: Installation): Promise<Count> {
  const folder = mkdtempSync(join(installation.folder, 'trip-'))
  const walked: Walked = new Map()
  const services: Service[] = []
  const count = { passed: 0, failed: 0 }
  const fail = (title: string, error?: unknown): void => {
    count.failed++
    console.log(`  FAILED  ${title}`)
    if (error !== undefined) console.error(error)
  }
  const step: Trip['step'] = async (title, run) => {
    try {
      await run()
    } catch (error) {
      fail(title, error)
      throw stopped
    }
    count.passed++
    console.log(`  ok      ${title}`)
  }

  try {
    const pages = { journey, walked }
    await journey.walk({ ...createTrip(folder, installation, services), ...openPages(pages), step })
    for (const page of findUntouched(journey, walked))
      fail(`it names ${page} and takes nothing from it`)
  } catch (error) {
    if (error !== stopped) fail('it ended early', error)
  } finally {
    for (const service of services.reverse()) await service.stop()
    rmSync(folder, { recursive: true, force: true })
  }

  return count
}

function openPages({ journey, walked }: { journey: Journey; walked: Walked }): Pick<Trip, 'page'> {
  return {
    page(path) {
      if (!journey.pages.includes(path)) throw new Error(`${journey.name} does not name ${path}`)
      return openPage(path, walked)
    },
  }
}

/** Pages that a journey names, and from which it took no block and observed no promise. */
function findUntouched({ pages }: Journey, walked: Walked): string[] {
  return pages.filter((page) => {
    const note = walked.get(page)
    return note === undefined || note.lines.size + note.promises === 0
  })
}

function createTrip(
  folder: string,
  installation: Installation,
  services: Service[],
): Omit<Trip, 'page' | 'step'> {
  const write = (name: string, text: string): string => {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    return path
  }

  return {
    folder,
    tarball: installation.tarball,
    installation: installation.folder,
    write,
    apart() {
      const path = mkdtempSync(join(tmpdir(), 'portcullis-apart-'))
      services.push({ stop: async () => rmSync(path, { recursive: true, force: true }) })
      return path
    },
    async load<Module>(name: string, text: string): Promise<Module> {
      return (await import(pathToFileURL(write(name, text)).href)) as Module
    },
    use(service) {
      services.push(service)
      return service
    },
  }
}
