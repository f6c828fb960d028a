import logo from '../public/images/logo.png'

export default function Home() {
  return (
    <main>
      <h1>Home</h1>
      <img src={logo.src} alt="imported" />
      <img src="/images/logo.png" alt="plain" />
    </main>
  )
}
