/**
 * Defines the texts that clients see for each error status: neutral words that are true for every
 * reason behind it. Error responses, pages, templates and the 429 of limits read them. It throws
 * nothing: a status without its own texts gets those of 400 or 500.
 */

/** The texts of one status. */
export interface StatusText {
  /** The status code. */
  readonly status: number
  /** The phrase of RFC 9110: the title of a problem of type about:blank (RFC 9457 section 4.2.1). */
  readonly phrase: string
  /** The heading of the page. */
  readonly title: string
  /** One or two sentences for the user. */
  readonly words: string
}

const tryAgain = 'Try again in a moment.'
const statusTable: ReadonlyArray<
  readonly [status: number, phrase: string, title: string, words: string]
> = [
  [400, 'Bad Request', '', 'The server could not understand this request.'],
  [401, 'Unauthorized', 'Sign-in required', 'Sign in and try again.'],
  [403, 'Forbidden', 'Access denied', 'This request is not allowed.'],
  [404, 'Not Found', '', 'There is nothing at this address.'],
  [405, 'Method Not Allowed', '', 'This address does not accept requests of this kind.'],
  [406, 'Not Acceptable', '', 'The server cannot respond in any of the requested formats.'],
  [408, 'Request Timeout', 'Request timed out', 'The request took too long to arrive.'],
  [409, 'Conflict', '', 'Something changed at the same time. Try again.'],
  [410, 'Gone', '', 'The page at this address has been removed.'],
  [411, 'Length Required', '', 'The request must state the length of its body.'],
  [412, 'Precondition Failed', '', 'Something changed since it was last read.'],
  [413, 'Content Too Large', 'Too large', 'The request is larger than the server accepts.'],
  [414, 'URI Too Long', 'Address too long', 'The address is longer than the server accepts.'],
  [
    415,
    'Unsupported Media Type',
    'Unsupported format',
    'The server does not accept content of this type.',
  ],
  [
    421,
    'Misdirected Request',
    '',
    'This server does not serve the host name in this address. Check the address.',
  ],
  [
    422,
    'Unprocessable Content',
    'Not processable',
    'The server could not process the content of this request.',
  ],
  [425, 'Too Early', '', tryAgain],
  [426, 'Upgrade Required', '', 'This address needs another protocol.'],
  [428, 'Precondition Required', '', 'The request must be conditional.'],
  [429, 'Too Many Requests', '', 'Wait a while before you try again.'],
  [
    431,
    'Request Header Fields Too Large',
    'Headers too large',
    'Clearing the cookies of this site may help.',
  ],
  [
    451,
    'Unavailable For Legal Reasons',
    'Not available',
    'This is not available for legal reasons.',
  ],
  [
    500,
    'Internal Server Error',
    'Something went wrong',
    `The server could not complete this request. ${tryAgain}`,
  ],
  [501, 'Not Implemented', 'Not supported', 'The server does not support this request.'],
  [502, 'Bad Gateway', 'Service not reachable', tryAgain],
  [503, 'Service Unavailable', 'Temporarily unavailable', tryAgain],
  [504, 'Gateway Timeout', 'No response in time', tryAgain],
  [508, 'Loop Detected', '', 'The request was forwarded in a loop.'],
]
const statusTexts: ReadonlyMap<number, StatusText> = /* @__PURE__ */ new Map(
  statusTable.map(([status, phrase, title, words]) => [
    status,
    { status, phrase, title: title || phrase.charAt(0) + phrase.slice(1).toLowerCase(), words },
  ]),
)

/**
 * Returns the texts for a status from 400 to 599; general texts for a status without its own.
 *
 * @example
 * findStatusText(404).title // 'Not found'
 */
export function findStatusText(status: number): StatusText {
  const statusText = statusTexts.get(status)
  if (statusText) return statusText

  // RFC 9110 section 15 treats an unknown status as the x00 of its class.
  const { phrase, title, words } = statusTexts.get(status < 500 ? 400 : 500) as StatusText
  return { status, phrase, title, words }
}

/** Reports whether a value is a status that an error page may have. */
export function isErrorStatus(status: unknown): status is number {
  return Number.isInteger(status) && (status as number) >= 400 && (status as number) <= 599
}
