export default function Plain() {
  return <h1>guarded content</h1>
}
