/** The other file of worker.fixture.ts. */
export const bundled: string = 'two files'
