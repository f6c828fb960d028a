/**
 * Defines the languages of pages, and chooses the language of a user from Accept-Language.
 * Applications pass languages to `pages()`, which chooses one for each page; each is a separate
 * export, so that a bundle only contains those that it imports. It is pure and throws nothing. A
 * user who prefers none of the languages, or whose header is malformed or longer than 1,024
 * characters, gets English.
 */

/** The texts of one language. */
export interface PageLanguage {
  /**
   * The BCP 47 tag, such as `de`. Only its first part is compared, so `de-AT` of a client matches
   * `de-CH`.
   */
  readonly tag: string
  /**
   * The heading and the sentence of each status. A status without an entry has those of 400 or 500.
   */
  readonly texts: Readonly<Record<number, readonly [title: string, words: string]>>
  /** Returns a sentence with the time to wait, such as `5 Minuten`. */
  readonly retry: (time: string) => string
  /** The word before the id of the request. */
  readonly request: string
  /** The link to the sign-in page. */
  readonly signIn: string
  /** Translations of login pages, by the English text. A text without an entry stays English. */
  readonly phrases?: Readonly<Record<string, string>>
}

/** German. */
export const german: PageLanguage = {
  tag: 'de',
  phrases: {
    'Sign in': 'Anmelden',
    'Choose where to sign in.': 'Wählen Sie, wo Sie sich anmelden.',
    'Signing in does not last': 'Die Anmeldung hält nicht',
    'You signed in several times just now, but this browser did not stay signed in. Allow cookies for this site and try again.':
      'Sie haben sich gerade mehrmals angemeldet, aber dieser Browser blieb nicht angemeldet. Erlauben Sie Cookies für diese Website und versuchen Sie es noch einmal.',
    'Sign in again': 'Erneut anmelden',
    'Sign out': 'Abmelden',
    'Sign out of this site?': 'Von dieser Website abmelden?',
    'You are signed out': 'Sie sind abgemeldet',
    'Signing out': 'Abmeldung',
    'You are signed in': 'Sie sind angemeldet',
    Continue: 'Weiter',
    'Signing in is not possible at the moment': 'Die Anmeldung ist zurzeit nicht möglich',
    'Try again in a moment.': 'Bitte versuchen Sie es gleich noch einmal.',
    'Signing in did not work': 'Die Anmeldung hat nicht geklappt',
    'Nothing was changed.': 'Es wurde nichts geändert.',
    'One moment': 'Einen Moment',
  },
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
  phrases: {
    'Sign in': 'Se connecter',
    'Choose where to sign in.': 'Choisissez où vous connecter.',
    'Signing in does not last': 'La connexion ne tient pas',
    'You signed in several times just now, but this browser did not stay signed in. Allow cookies for this site and try again.':
      'Vous venez de vous connecter plusieurs fois, mais ce navigateur n’est pas resté connecté. Autorisez les cookies de ce site, puis réessayez.',
    'Sign in again': 'Se reconnecter',
    'Sign out': 'Se déconnecter',
    'Sign out of this site?': 'Se déconnecter de ce site ?',
    'You are signed out': 'Vous êtes déconnecté',
    'Signing out': 'Déconnexion',
    'You are signed in': 'Vous êtes connecté',
    Continue: 'Continuer',
    'Signing in is not possible at the moment': 'La connexion est impossible pour le moment',
    'Try again in a moment.': 'Veuillez réessayer dans un instant.',
    'Signing in did not work': 'La connexion a échoué',
    'Nothing was changed.': 'Rien n’a été modifié.',
    'One moment': 'Un instant',
  },
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
  phrases: {
    'Sign in': 'Iniciar sesión',
    'Choose where to sign in.': 'Elija dónde iniciar sesión.',
    'Signing in does not last': 'La sesión no se conserva',
    'You signed in several times just now, but this browser did not stay signed in. Allow cookies for this site and try again.':
      'Acaba de iniciar sesión varias veces, pero este navegador no la ha conservado. Permita las cookies de este sitio y vuelva a intentarlo.',
    'Sign in again': 'Iniciar sesión de nuevo',
    'Sign out': 'Cerrar sesión',
    'Sign out of this site?': '¿Cerrar la sesión en este sitio?',
    'You are signed out': 'Ha cerrado la sesión',
    'Signing out': 'Cerrando la sesión',
    'You are signed in': 'Ha iniciado sesión',
    Continue: 'Continuar',
    'Signing in is not possible at the moment': 'Ahora mismo no es posible iniciar sesión',
    'Try again in a moment.': 'Vuelva a intentarlo en un momento.',
    'Signing in did not work': 'No se pudo iniciar sesión',
    'Nothing was changed.': 'No se ha cambiado nada.',
    'One moment': 'Un momento',
  },
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
  phrases: {
    'Sign in': 'ログイン',
    'Choose where to sign in.': 'ログイン先を選んでください。',
    'Signing in does not last': 'ログインが維持されません',
    'You signed in several times just now, but this browser did not stay signed in. Allow cookies for this site and try again.':
      '続けて何度かログインしましたが、このブラウザーではログイン状態が保たれませんでした。このサイトの Cookie を許可して、もう一度お試しください。',
    'Sign in again': 'もう一度ログイン',
    'Sign out': 'ログアウト',
    'Sign out of this site?': 'このサイトからログアウトしますか。',
    'You are signed out': 'ログアウトしました',
    'Signing out': 'ログアウトしています',
    'You are signed in': 'ログインしました',
    Continue: '続ける',
    'Signing in is not possible at the moment': '現在ログインできません',
    'Try again in a moment.': 'しばらくしてから、もう一度お試しください。',
    'Signing in did not work': 'ログインできませんでした',
    'Nothing was changed.': '何も変更されていません。',
    'One moment': '少しお待ちください',
  },
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

/**
 * Finds the language that a client prefers. Returns undefined for English, for a header that has
 * none of the languages, and for one over 1,024 characters. Ranges after the 32nd are ignored.
 */
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
