import { login } from '../actions.ts'

interface Query {
  failed?: string
  return_to?: string
}

export default async function Login({ searchParams }: { searchParams: Promise<Query> }) {
  const { failed, return_to: back } = await searchParams
  return (
    <>
      <h1>Log in</h1>
      {failed !== undefined && <p role="alert">Name and password do not belong together.</p>}
      <form action={login}>
        <input type="hidden" name="return_to" value={back ?? ''} />
        <label>
          Name <input name="user" autoComplete="username" />
        </label>{' '}
        <label>
          Password <input name="password" type="password" autoComplete="current-password" />
        </label>{' '}
        <button type="submit">Log in</button>
      </form>
      <p>alice / wonderland or bob / builder</p>
    </>
  )
}
