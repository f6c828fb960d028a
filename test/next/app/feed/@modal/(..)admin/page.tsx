export default function Guarded() {
  return <h1>guarded content</h1>
}
