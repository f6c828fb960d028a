import { describe, expect, it, test } from 'vitest'
import { bench } from './support.ts'

/** Names that peers document, by who documents them. */
const documented: Readonly<Record<string, string>> = {
  'RFC 9440': 'Client-Cert Client-Cert-Chain',
  'oauth2-proxy':
    'X-Auth-Request-User X-Auth-Request-Email X-Auth-Request-Groups X-Auth-Request-Preferred-Username X-Auth-Request-Access-Token X-Forwarded-User X-Forwarded-Email X-Forwarded-Groups X-Forwarded-Preferred-Username X-Forwarded-Access-Token',
  authelia: 'Remote-User Remote-Groups Remote-Name Remote-Email X-Authelia-URL',
  authentik:
    'X-authentik-username X-authentik-groups X-authentik-email X-authentik-name X-authentik-uid X-authentik-jwt X-authentik-entitlements X-authentik-meta-outpost',
  tailscale:
    'Tailscale-User-Login Tailscale-User-Name Tailscale-User-Profile-Pic Tailscale-App-Capabilities',
  pomerium: 'X-Pomerium-Jwt-Assertion X-Pomerium-Claim-Email X-Pomerium-Claim-Groups',
  vouch:
    'X-Vouch-User X-Vouch-Success X-Vouch-Token X-Vouch-IdP-Claims-Groups X-Vouch-IdP-AccessToken',
  caddy: 'X-Token-User-Email X-Token-User-Name X-Token-User-Roles X-Token-Subject',
  'nginx and HAProxy':
    'X-SSL-Cert X-SSL-Client-Verify X-SSL-Client-DN X-SSL-Client-CN X-Client-Verify X-Client-Dn X-Client-Cert SSL-Client-Cert SSL-Client-Verify SSL-Client-Subject-Dn X-User X-Email X-Remote-User X-Original-URI X-Original-Method',
  traefik:
    'X-Forwarded-Tls-Client-Cert X-Forwarded-Tls-Client-Cert-Info X-Auth-User X-Tls-Client-Cert X-Tls-Client-Subject',
  mod_auth_openidc:
    'OIDC-Claim-Sub OIDC-Claim-Email OIDC-Access-Token OIDC-Userinfo OIDC-Id-Token-Payload X-Remote-User',
  shibboleth:
    'Shib-Session-ID Shib-Identity-Provider Shib-Handler Shib-Application-ID eppn affiliation persistent-id Remote-User',
  siteminder: 'SM-USER SM-SERVERSESSIONID SM-AUTHTYPE SM-UNIVERSALID SMUSER',
  'WebSEAL, ClearTrust, Oracle':
    'iv-user iv-groups iv-creds ct-remote-user OAM-Remote-User Osso-User-Dn Proxy-Remote-User',
  F5: 'X-F5-Client-Cert SSLClientCertStatus SSLClientCertSN',
  AWS: 'X-Amzn-Oidc-Data X-Amzn-Oidc-Identity X-Amzn-Oidc-Accesstoken X-Amzn-Mtls-Clientcert X-Amzn-Mtls-Clientcert-Subject X-Amzn-Mtls-Clientcert-Leaf X-Amzn-Tls-Version X-Amzn-Ava-User-Context X-Amzn-Request-Context',
  'Google Cloud':
    'X-Goog-Iap-Jwt-Assertion X-Goog-Authenticated-User-Email X-Goog-Authenticated-User-Id X-Appengine-User-Ip X-Appengine-Cron X-Appengine-Inbound-Appid X-Endpoint-Api-Userinfo X-Apigateway-Api-Userinfo X-Client-Geo-Location X-Client-Region X-Client-Cert-Present',
  Azure:
    'X-MS-CLIENT-PRINCIPAL X-MS-CLIENT-PRINCIPAL-ID X-MS-CLIENT-PRINCIPAL-NAME X-MS-TOKEN-AAD-ID-TOKEN X-MS-TOKEN-AAD-ACCESS-TOKEN X-MS-TOKEN-GOOGLE-ID-TOKEN X-ARR-ClientCert X-ARR-SSL X-ARR-LOG-ID X-Azure-ClientIP X-Azure-SocketIP X-Azure-FDID X-Azure-Ref X-AppService-Proto MS-ASPNETCORE-TOKEN MS-ASPNETCORE-CLIENTCERT MS-ASPNETCORE-WINAUTHTOKEN DISGUISED-HOST WAS-DEFAULT-HOSTNAME CLIENT-IP',
  Cloudflare:
    'Cf-Access-Jwt-Assertion Cf-Access-Authenticated-User-Email CF-Connecting-IP CF-Connecting-IPv6 CF-IPCountry CF-Client-Cert-Sha256 CF-Worker',
  'Envoy, Istio, Linkerd':
    'X-Forwarded-Client-Cert X-Envoy-External-Address X-Envoy-Original-Path X-Envoy-Peer-Metadata X-Istio-Attributes l5d-client-id l5d-remote-ip l5d-dst-override X-SPIFFE-ID',
  Kong: 'X-Consumer-ID X-Consumer-Username X-Consumer-Custom-ID X-Consumer-Groups X-Credential-Identifier X-Credential-Username X-Anonymous-Consumer X-Authenticated-Scope X-Authenticated-Userid X-Authenticated-Groups X-Userinfo X-ID-Token',
  'Tyk, Apigee, WSO2': 'X-Tyk-Authorization X-Apigee-Client-Id X-JWT-Assertion X-Jwt-Claim-Sub',
  Netlify: 'X-Nf-Client-Connection-Ip X-Nf-Account-Id X-NF-Geo X-Netlify-Original-Pathname',
  'Fly, Render, Railway, Heroku':
    'Fly-Client-IP Fly-Forwarded-Proto Fly-Region Rndr-Id X-Railway-Edge X-Heroku-Dynos-In-Use X-Request-Start DO-Connecting-IP',
  'Vercel and Next':
    'X-Vercel-Forwarded-For X-Vercel-IP-Country X-Vercel-Oidc-Token X-Real-IP X-Now-Route-Matches X-Matched-Path X-Middleware-Subrequest X-Middleware-Rewrite X-Invoke-Path X-Invoke-Output X-Next-Cache-Tags X-Next-Revalidated-Tags x-nextjs-data x-nextjs-rewritten-path X-Prerender-Revalidate Next-Resume',
  'Fastly, Akamai, CloudFront':
    'Fastly-Client-IP Fastly-Client Fastly-SSL Fastly-FF True-Client-IP X-Akamai-Edgescape Akamai-Origin-Hop CloudFront-Viewer-Address CloudFront-Viewer-Country CloudFront-Forwarded-Proto CloudFront-Is-Mobile-Viewer',
  'paths, hosts and methods':
    'Forwarded X-Forwarded-For X-Forwarded-Host X-Forwarded-Proto X-Forwarded-Port X-Forwarded-Prefix X-Forwarded-Path X-Forwarded-Scheme X-Forwarded-Ssl X-Forwarded-Server X-Forwarded-Uri X-Forwarded-Method X-Forwarded-By X-Forward-For X-Original-URL X-Rewrite-URL X-Original-Host X-Original-Forwarded-For X-Host X-Scheme X-Script-Name Front-End-Https X-Url-Scheme X-Cluster-Client-Ip X-Client-IP X-HTTP-Method X-HTTP-Method-Override X-Method-Override X-HTTP-Host-Override',
  'underscores and dots':
    'X_Forwarded_For REMOTE_USER OIDC_CLAIM_sub HTTP_SM_USER X_Real_IP Script_Name',
  'bound sessions': 'Secure-Session-Response Secure-Session-Registration Sec-Secure-Session-Id',
  'CDNs and WAP gateways':
    'Ali-CDN-Real-IP Incap-Client-IP X-Sucuri-ClientIP X-Override-URL X-Up-Calling-Line-Id X-Up-Subno',
  others:
    'X-Webauth-User Impersonate-User Impersonate-Group X-RStudio-Username X-Kratos-Authenticated-Identity-Id X-LDAP-User X-MSISDN Proxy Proxy-Authorization Baggage X-Accel-Mapping X-Sendfile-Type',
}

/** What applications use themselves. */
const ordinary =
  'Accept Accept-Language Authorization Content-Type If-None-Match Range Referer User-Agent X-Requested-With X-CSRF-Token X-XSRF-Token X-Api-Key X-Client-Version X-Client-Id X-Client-Data X-App-Version X-Auth-Token X-Auth-Key X-Access-Token X-User-Agent X-User-Token X-Session-Id X-Request-Id-2 X-Correlation-Id X-Idempotency-Key Idempotency-Key X-Hub-Signature-256 X-GitHub-Event X-Gitlab-Token Stripe-Signature X-Twilio-Signature X-Shopify-Topic X-Amz-Date X-Amz-Content-Sha256 X-Ms-Version X-Ms-Date X-Goog-Api-Key X-Inertia X-Turbo-Request-Id HX-Request Turbo-Frame RSC Next-Router-State-Tree Next-Router-Prefetch Next-Action Next-Url X-WP-Nonce X-Hasura-Role X-Timezone X-Tenant X-Locale X-Upload-Content-Type X-File-Name X-Device-Id X-Powered X-B3-TraceId X-Amzn-Trace-Id X-Cloud-Trace-Context Traceparent Sec-CH-UA DNT Save-Data Last-Event-ID Via CDN-Loop Apollo-Require-Preflight GraphQL-Preflight Svix-Id Webhook-Signature'

/** What Unpoly and webhooks of Vercel, Okta and Cloudflare send: unpoly.com/up.protocol, and the docs of the three. */
const resembling =
  'X-Up-Version X-Up-Target X-Up-Fail-Target X-Up-Mode X-Up-Context X-Up-Validate X-Up-Origin-Mode X-Vercel-Signature X-Okta-Verification-Challenge CF-Webhook-Auth'

const upstream = { url: 'http://upstream.test:8080' }

async function received(
  names: readonly string[],
  dropHeaders?: readonly string[],
): Promise<string[]> {
  const at = await bench({
    upstreams: { app: { ...upstream, ...(dropHeaders && { dropHeaders }) } },
    routes: [{ path: '/*', to: 'app', access: 'public' }],
    signIn: undefined as never,
    assertion: undefined as never,
    limits: { headers: 500 },
  })
  const lost: string[] = []
  for (const name of names) {
    const response = await at.ask('/', { headers: { [name]: 'client-said-so' } })
    expect(response.status).toBe(200)
    const value = at.last().headers.get(name)
    if (value === 'client-said-so') lost.push(name)
  }
  return lost
}

// curl -H 'X-authentik-username: admin' https://app.example.com/
describe('G7: a header in which somebody in front says who the client is', () => {
  test.each(Object.entries(documented))(
    '%s: never reaches the upstream from a client',
    async (_, names) => {
      expect(await received(names.split(' '))).toEqual([])
    },
  )

  test('reaches it where it is an ordinary one', async () => {
    // Runtimes that forbid a name on a Request cannot send it.
    const names = ordinary
      .split(' ')
      .filter((name) => new Request('http://a', { headers: { [name]: 'a' } }).headers.has(name))
    expect(await received(names)).toEqual(names)
  })
})

test('G7: a header that only resembles them reaches the upstream', async () => {
  const names = resembling.split(' ')
  expect(await received(names)).toEqual(names)
})

describe('G7: dropHeaders of an upstream', () => {
  it('drops names and beginnings besides', async () => {
    const drop = ['X-Company-User', 'X-Staff-*']
    expect(
      await received(
        ['X-Company-User', 'x-staff-id', 'X-Staff-Role', 'X-Company-Users', 'X-Tenant'],
        drop,
      ),
    ).toEqual(['X-Company-Users', 'X-Tenant'])
  })

  it('refuses what is no list of names', async () => {
    for (const given of [[], 'X-User', ['X User'], ['*'], [7]]) {
      await expect(received([], given as never)).rejects.toThrow(/upstreams\.app\.dropHeaders/)
    }
  })
})
