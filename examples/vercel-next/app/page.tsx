import { headers } from 'next/headers'
import { Counter } from './counter.tsx'

export default async function Home() {
  const requestId = (await headers()).get('x-request-id')
  return (
    <>
      <h1>Portcullis in front of Next</h1>
      <p>This page is public. The guard named its request {requestId}.</p>
      <Counter />
    </>
  )
}
