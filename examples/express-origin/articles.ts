/** A GraphQL server whose schema goes round in a circle, as most do: articles have authors, who have articles. */
import { type RequestHandler, Router } from 'express'
import { createSchema, createYoga } from 'graphql-yoga'

const typeDefs = `
  type Query { articles(take: Int): [Article!]! }
  type Article { title: String! author: Author! }
  type Author { name: String! articles(take: Int): [Article!]! }
`
const author = { name: 'Alice', articles: () => articles }
const articles = [
  { title: 'On looking-glasses', author },
  { title: 'On rabbits', author },
]

/** `/graphql`. It limits nothing itself. */
export function graphql(): Router {
  const schema = createSchema({ typeDefs, resolvers: { Query: { articles: () => articles } } })
  const yoga = createYoga({ schema, graphiql: false, landingPage: false, logging: false })
  return Router().use('/graphql', yoga as unknown as RequestHandler)
}
