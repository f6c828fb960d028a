import Document, {
  type DocumentContext,
  type DocumentInitialProps,
  Head,
  Html,
  Main,
  NextScript,
} from 'next/document'

interface Props extends DocumentInitialProps {
  nonce: string | undefined
}

/** The pages router puts a nonce on its scripts only where the document names it. */
export default class OwnDocument extends Document<Props> {
  static override async getInitialProps(context: DocumentContext): Promise<Props> {
    const policy = `${context.req?.headers['content-security-policy']}`
    const [, nonce] = /'nonce-([\w-]+)'/.exec(policy) ?? []
    return { ...(await Document.getInitialProps(context)), nonce }
  }

  override render() {
    const { nonce } = this.props
    return (
      <Html lang="en">
        <Head nonce={nonce} />
        <body>
          <Main />
          <NextScript nonce={nonce} />
        </body>
      </Html>
    )
  }
}
