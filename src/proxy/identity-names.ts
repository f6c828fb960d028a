/**
 * Lists request headers with which a server in front names the client, its address or its request.
 * `header-filters.ts` removes them from requests. Peers document these; there are more, which the
 * option `dropHeaders` of an upstream can name.
 */

/** Exact names. */
export const identityNames: readonly string[] = words(
  // Addresses, hosts, schemes and paths, as proxies and platforms say them.
  'client-ip true-client-ip cluster-client-ip real-ip remote front-end-https https ssl-https',
  'ali-cdn-real-ip incap-client-ip x-sucuri-clientip x-override-url',
  'x-client-ip x-client-address x-client-port x-client-proto x-cluster-client-ip x-cluster-ip',
  'x-true-client-ip x-true-ip x-real-ip x-real-host x-real-port x-ip x-ip-address x-source-ip',
  'x-proxyuser-ip x-host x-scheme x-proto x-protocol x-port x-https x-url x-url-scheme',
  'x-base-path x-base-url x-ingress-path x-external-host x-external-path x-proxied-https',
  'x-path x-path-info x-request-uri x-request-url x-server-name x-server-port x-document-root',
  'x-orig-uri do-connecting-ip disguised-host was-default-hostname x-site-deployment-id',
  'x-queue-start x-matched-path x-request-start x-country-code x-msisdn msisdn x-wap-msisdn',
  'x-nokia-msisdn x-up-calling-line-id x-up-subno script-name path-info',
  // Other methods than the request's, which a framework would route by.
  'x-http-method x-http-method-override x-method-override x-method x-http-host-override',
  'x-http-path-override x-http-destinationurl x-http-verb x-http-verb-override',
  // Names of the signed-in user: Apache, IIS, SiteMinder, ClearTrust, SAML attributes, Kong,
  // Keycloak's proxy, nginx, forward auth.
  'user username logon-user auth-user auth-type auth-password smuser uid eppn affiliation',
  'entitlement persistent-id targeted-id unscoped-affiliation ismemberof aaa-user',
  'es-security-runas-user x-user x-username x-user-name x-userid x-userinfo x-user-info',
  'x-user-groups x-user-group x-login x-user-roles x-user-role x-user-claims x-user-dn',
  'x-groups x-group x-roles x-role x-email x-dn x-id-token x-anonymous-consumer x-principal',
  'x-subject x-subject-token x-sub x-claims x-sso-user x-auth-email x-auth-name x-auth-subject',
  'x-auth-sub x-auth-group x-auth-groups x-auth-role x-auth-roles x-auth-claims',
  'x-auth-expiresin x-auth-audience x-auth-provider x-auth-principal x-token-subject',
  'x-verified-user x-verified-email x-ldap-user x-ldap-groups x-cert x-ssl x-tls',
  // Headers that only the platform of a project sends to it. Next takes the nonce of its scripts
  // from a policy.
  'next-resume content-security-policy',
  'content-security-policy-report-only x-nonce',
  // A client can put anything into the traces of every server that it reaches. A monitor forwards
  // it if configured.
  'baggage',
)

/** Beginnings of names: a family each, in which a product adds names with every release. */
export const identityBeginnings: readonly string[] = words(
  // with `proxy` itself, which CGI would read as HTTP_PROXY
  'portcullis proxy',
  // RFC 9440 and certificates of clients: Apache, nginx, HAProxy, IIS, F5, Traefik, AWS.
  'client-cert ssl- sslclient x-ssl- x-tls- x-mtls- x-cert- x-certificate x-peer-cert',
  'x-clientcert x-client-cert x-client-dn x-client-s-dn x-client-i-dn x-client-cn',
  'x-client-verif x-client-ssl x-client-tls x-client-san x-client-subject x-client-issuer',
  'x-client-serial x-client-fingerprint x-client-user x-client-principal x-client-geo',
  'x-client-region x-client-city',
  // RFC 7239 and its many relatives.
  'forwarded x-forward x-original x-originating- x-rewrite x-remote x-script- x-proxy-',
  // Rack and nginx look for files where these say so (CVE-2025-61780).
  'x-sendfile x-accel-',
  // Apache (mod_auth_openidc, mod_auth_mellon, Shibboleth, CAS), SiteMinder, WebSEAL, ClearTrust, Oracle, F5, NetScaler.
  'remote- oidc- x-oidc- shib- shibboleth- x-shib mellon- saml- x-saml- cas- x-cas- gss- sm-',
  'siteminder iv- ct-remote- ct-auth- oam- osso- x-f5- f5- apm- x-apm- x-citrix- nsc- pa-claim',
  'x-knox- wl-proxy- impersonate- ms-aspnetcore-',
  // Proxies that sign people in: oauth2-proxy, authentik, Pomerium, Vouch, Tailscale, Teleport, Ory, Caddy, Okta, Duo, Grafana.
  'x-auth-request x-auth-user x-authenticated x-authentik x-authelia x-pomerium x-vouch',
  'x-webauth tailscale- x-tailscale- teleport- x-teleport- x-kratos- x-token-user x-okta-',
  'x-duo- x-sso- x-rstudio- rstudio- x-sp-user x-jupyterhub- x-hass- x-keycloak- x-louketo-',
  'x-gatekeeper-',
  // API gateways and meshes: Kong, Tyk, Apigee, WSO2, Google Cloud Endpoints, Envoy, Istio, Linkerd, SPIFFE.
  'x-consumer x-credential x-kong- x-tyk- x-apigee- x-jwt- x-endpoint-api- x-apigateway-',
  'x-claim- x-envoy- x-istio- l5d- x-linkerd- x-spiffe- spiffe- x-token-claim x-gateway-',
  // Platforms: Cloudflare, CloudFront, AWS, Google Cloud, Azure, Fastly, Akamai, Netlify, Fly, Vercel, Render, Railway, Heroku.
  'cf- cloudfront- x-amzn-oidc- x-amzn-mtls x-amzn-tls x-amzn-ava x-amzn-request x-amzn-lambda',
  'x-amzn-vpc x-amzn-verified x-amzn-apigateway x-amzn-remapped x-apigw- x-amz-cf-',
  'x-appengine- x-goog-iap- x-goog-authenticated- x-google- x-gfe- x-ms-client-principal',
  'x-ms-token x-ms-auth x-ms-forward x-ms-original x-ms-request-root x-appservice x-waws-',
  'x-arr- x-azure- x-fd- fastly- akamai- x-akamai- x-edgescape x-nf- x-netlify- fly- x-fly-',
  'x-vercel- x-now- render- rndr- x-render- x-railway- x-heroku- x-koyeb- x-geoip- x-geo-',
  'x-country',
  // Inner words of Next and of a browser's bound sessions.
  'x-middleware- x-invoke- x-next- x-nextjs- x-prerender- secure-session- sec-session-',
  'sec-secure-session-',
)

/** Names of these families that webhooks of the same products bring, signed or secret. */
export const webhookNames: readonly string[] = words(
  'x-vercel-signature x-okta-verification-challenge cf-webhook-auth',
)

function words(...wordLines: readonly string[]): readonly string[] {
  return wordLines.flatMap((wordLine) => wordLine.split(' '))
}
