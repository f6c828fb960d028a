import { change } from './action/change.ts'

export default function Admin() {
  return (
    <>
      <h1>guarded content</h1>
      <form action={change}>
        <button type="submit">Change</button>
      </form>
    </>
  )
}
