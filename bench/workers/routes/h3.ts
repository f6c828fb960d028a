/** h3 is a framework of its own: its app, its defaults. */
import { getQuery, getSession, H3, updateSession } from 'h3'
import { type Data, dataOf, secret, told } from '../data.ts'

const config = { password: secret, name: 's' }

export const app: H3 = new H3()
  .get('/make', async (event) => {
    await updateSession<Data>(event, config, dataOf(Number(getQuery(event).bytes)))
    return 'n=1'
  })
  .get('/read', async (event) => told((await getSession<Data>(event, config)).data))
  .get('/write', async (event) => {
    const session = await updateSession<Data>(event, config, (data) => ({
      n: (data.n as number) + 1,
    }))
    return told(session.data)
  })
