import Head from 'next/head'
import Image from 'next/image'
import Link from 'next/link'
import { useState } from 'react'
import project from '../project.json' with { type: 'json' }
import logo from '../public/images/logo.png'

const { basePath = '' } = project as { basePath?: string }

export default function Home() {
  const [count, setCount] = useState(0)
  return (
    <main>
      <Head>
        <link rel="icon" href="data:," />
      </Head>
      <h1>Home</h1>
      <Image src={`${basePath}/images/logo.png`} width={64} height={64} alt="optimized" priority />
      <Image src={logo} alt="imported" loading="eager" />
      <img src={`${basePath}/images/logo.png`} alt="plain" />
      <Link href="/login">Log in</Link>
      <button type="button" onClick={() => setCount(count + 1)}>
        Clicked {count} times
      </button>
    </main>
  )
}

/** A page made while building knows no nonce: its scripts would be reported. */
export function getServerSideProps() {
  return { props: {} }
}
