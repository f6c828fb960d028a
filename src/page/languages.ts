/** Languages of pages. Each is an import of its own, so that a bundle holds only those that it names. */

/** The texts of one language. */
export interface PageLanguage {
  /** BCP 47 tag, such as `de`. Clients are matched by its first part. */
  readonly tag: string
  /** Heading and sentence by status. A status without an entry has those of 400 or 500. */
  readonly texts: Readonly<Record<number, readonly [title: string, words: string]>>
  /** A sentence with the time to wait, such as `5 Minuten`. */
  readonly retry: (time: string) => string
  /** The word before the id of the request. */
  readonly request: string
  /** The link to the sign-in page. */
  readonly signIn: string
}

/** German. */
export const german: PageLanguage = {
  tag: 'de',
  request: 'Anfrage',
  signIn: 'Anmelden',
  retry: (time) => `Bitte versuchen Sie es in ${time} noch einmal.`,
  texts: {
    400: ['Ungültige Anfrage', 'Der Server konnte diese Anfrage nicht verstehen.'],
    401: ['Anmeldung erforderlich', 'Melden Sie sich an und versuchen Sie es noch einmal.'],
    403: ['Zugriff verweigert', 'Diese Anfrage ist nicht erlaubt.'],
    404: ['Nicht gefunden', 'Unter dieser Adresse gibt es nichts.'],
    405: ['Nicht möglich', 'Diese Adresse nimmt solche Anfragen nicht an.'],
    413: ['Zu groß', 'Die Anfrage ist größer, als der Server zulässt.'],
    429: ['Zu viele Anfragen', 'Warten Sie ein wenig bis zum nächsten Versuch.'],
    500: ['Etwas ist schiefgegangen', 'Der Server konnte die Anfrage nicht ausführen.'],
    502: ['Dienst nicht erreichbar', 'Bitte versuchen Sie es gleich noch einmal.'],
    503: ['Vorübergehend nicht verfügbar', 'Bitte versuchen Sie es gleich noch einmal.'],
    504: ['Keine rechtzeitige Antwort', 'Bitte versuchen Sie es gleich noch einmal.'],
  },
}

/** French. */
export const french: PageLanguage = {
  tag: 'fr',
  request: 'Requête',
  signIn: 'Se connecter',
  retry: (time) => `Veuillez réessayer dans ${time}.`,
  texts: {
    400: ['Requête incorrecte', 'Le serveur n’a pas compris cette requête.'],
    401: ['Connexion requise', 'Connectez-vous, puis réessayez.'],
    403: ['Accès refusé', 'Cette requête n’est pas autorisée.'],
    404: ['Page introuvable', 'Il n’y a rien à cette adresse.'],
    405: ['Méthode non autorisée', 'Cette adresse n’accepte pas ce type de requête.'],
    413: ['Trop volumineux', 'La requête est plus grande que ce que le serveur accepte.'],
    429: ['Trop de requêtes', 'Attendez un peu avant de réessayer.'],
    500: ['Une erreur est survenue', 'Le serveur n’a pas pu traiter cette requête.'],
    502: ['Service injoignable', 'Veuillez réessayer dans un instant.'],
    503: ['Temporairement indisponible', 'Veuillez réessayer dans un instant.'],
    504: ['Délai dépassé', 'Veuillez réessayer dans un instant.'],
  },
}

/** Spanish. */
export const spanish: PageLanguage = {
  tag: 'es',
  request: 'Solicitud',
  signIn: 'Iniciar sesión',
  retry: (time) => `Vuelva a intentarlo en ${time}.`,
  texts: {
    400: ['Solicitud incorrecta', 'El servidor no pudo entender esta solicitud.'],
    401: ['Debe iniciar sesión', 'Inicie sesión y vuelva a intentarlo.'],
    403: ['Acceso denegado', 'Esta solicitud no está permitida.'],
    404: ['No encontrado', 'No hay nada en esta dirección.'],
    405: ['Método no permitido', 'Esta dirección no acepta este tipo de solicitudes.'],
    413: ['Demasiado grande', 'La solicitud es mayor de lo que acepta el servidor.'],
    429: ['Demasiadas solicitudes', 'Espere un poco antes de volver a intentarlo.'],
    500: ['Algo salió mal', 'El servidor no pudo completar esta solicitud.'],
    502: ['Servicio no disponible', 'Vuelva a intentarlo en un momento.'],
    503: ['No disponible temporalmente', 'Vuelva a intentarlo en un momento.'],
    504: ['Sin respuesta a tiempo', 'Vuelva a intentarlo en un momento.'],
  },
}

/** Japanese. */
export const japanese: PageLanguage = {
  tag: 'ja',
  request: 'リクエスト',
  signIn: 'ログイン',
  retry: (time) => `${time}後にもう一度お試しください。`,
  texts: {
    400: ['不正なリクエスト', 'サーバーはこのリクエストを理解できませんでした。'],
    401: ['ログインが必要です', 'ログインしてから、もう一度お試しください。'],
    403: ['アクセスが拒否されました', 'このリクエストは許可されていません。'],
    404: ['ページが見つかりません', 'このアドレスには何もありません。'],
    405: ['許可されていない方法です', 'このアドレスはこの種類のリクエストを受け付けません。'],
    413: ['大きすぎます', 'リクエストがサーバーの受け付ける大きさを超えています。'],
    429: ['リクエストが多すぎます', 'しばらく待ってから、もう一度お試しください。'],
    500: ['問題が発生しました', 'サーバーはこのリクエストを完了できませんでした。'],
    502: ['サービスに接続できません', 'しばらくしてから、もう一度お試しください。'],
    503: ['一時的に利用できません', 'しばらくしてから、もう一度お試しください。'],
    504: ['時間内に応答がありません', 'しばらくしてから、もう一度お試しください。'],
  },
}

/** Finds the language that a client likes best among these; undefined for English, and where it names none of them. */
export function negotiateLanguage(
  header: string | null,
  languages: readonly PageLanguage[],
): PageLanguage | undefined {
  if (header === null || header.length > 1024) return undefined
  let best: PageLanguage | undefined
  let bestWeight = 0
  for (const range of header.toLowerCase().split(',', 32)) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim())
    const weight = Number(parameters.find((part) => part.startsWith('q='))?.slice(2, 7) ?? 1)
    if (!(weight > bestWeight && weight <= 1)) continue

    const primary = name.split('-', 1)[0]
    const language = languages.find(({ tag }) => tag.split('-', 1)[0] === primary)
    if (language === undefined && primary !== 'en') continue
    best = language
    bestWeight = weight
  }
  return best
}
