/**
 * Lists request headers with which a proxy or platform in front of a server names the client, its address or its user.
 * `header-filters.ts` removes them from the requests of clients, who could otherwise pose as another user. All names
 * are in lower case. The lists hold documented names of common products and cannot be complete: further names belong
 * in the option `dropHeaders` of an upstream.
 */

/** Names that are compared exactly. */
export const identityNames: readonly string[] = words(
  // Addresses, hosts, schemes and paths, in the names of proxies and platforms.
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
  // Methods and URLs in place of those of the request, by which a framework would route.
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
  // Headers that only the platform of a project sends to it. Next reads the nonce of its scripts
  // from a policy.
  'next-resume content-security-policy',
  'content-security-policy-report-only x-nonce',
  // With `baggage` a client could write any text into the traces of all servers behind. A monitor
  // forwards it if configured.
  'baggage',
)

/** Prefixes of names. Each stands for a family to which a product may add names with any release. */
export const identityBeginnings: readonly string[] = words(
  // The header `Proxy` too, which CGI would read as HTTP_PROXY.
  'portcullis proxy',
  // RFC 9440 and certificates of clients: Apache, nginx, HAProxy, IIS, F5, Traefik, AWS.
  'client-cert ssl- sslclient x-ssl- x-tls- x-mtls- x-cert- x-certificate x-peer-cert',
  'x-clientcert x-client-cert x-client-dn x-client-s-dn x-client-i-dn x-client-cn',
  'x-client-verif x-client-ssl x-client-tls x-client-san x-client-subject x-client-issuer',
  'x-client-serial x-client-fingerprint x-client-user x-client-principal x-client-geo',
  'x-client-region x-client-city',
  // Forwarded (RFC 7239) and its many predecessors.
  'forwarded x-forward x-original x-originating- x-rewrite x-remote x-script- x-proxy-',
  // Rack and nginx send files whose paths these headers name (CVE-2025-61780).
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
  // Internal headers of Next, and those of device-bound sessions of browsers.
  'x-middleware- x-invoke- x-next- x-nextjs- x-prerender- secure-session- sec-session-',
  'sec-secure-session-',
)

/** Names with such a prefix that webhooks of the same products send, and that are forwarded: signatures and secrets. */
export const webhookNames: readonly string[] = words(
  'x-vercel-signature x-okta-verification-challenge cf-webhook-auth',
)

function words(...wordLines: readonly string[]): readonly string[] {
  return wordLines.flatMap((wordLine) => wordLine.split(' '))
}
