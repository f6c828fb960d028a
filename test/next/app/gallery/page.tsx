import Image from 'next/image'
import logo from '../../public/images/logo.png'

export default function Gallery() {
  return (
    <>
      <h1>Gallery</h1>
      <Image src={logo} alt="imported" loading="eager" />
      <Image src={logo} alt="blurred" placeholder="blur" loading="eager" />
    </>
  )
}
