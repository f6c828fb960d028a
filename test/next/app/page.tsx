import Image from 'next/image'
import Link from 'next/link'
import project from '../project.json' with { type: 'json' }
import { Counter } from './counter.tsx'

const { basePath = '' } = project as { basePath?: string }

export default function Home() {
  return (
    <>
      <h1>Home</h1>
      <Image src={`${basePath}/images/logo.png`} width={64} height={64} alt="optimized" priority />
      <img src={`${basePath}/images/logo.png`} alt="plain" />
      <Link href="/gallery">Gallery</Link>
      <Counter />
    </>
  )
}
