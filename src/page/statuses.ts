/**
 * Texts for clients about a status: neutral words that hold for every reason behind it. Responses
 * and templates read them. A status without its own words gets general ones.
 */

/** The words for one status. */
export interface StatusText {
  /** Status code. */
  readonly status: number
  /** The phrase of RFC 9110: the title of a problem of type about:blank (RFC 9457 section 4.2.1). */
  readonly phrase: string
  /** Heading of the page. */
  readonly title: string
  /** One or two sentences for whoever reads it. */
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
  [406, 'Not Acceptable', '', 'The server has no response in a format that was requested.'],
  [408, 'Request Timeout', 'Request timed out', 'The request took too long to arrive.'],
  [409, 'Conflict', '', 'Something changed at the same time. Try again.'],
  [410, 'Gone', '', 'What was at this address has been removed.'],
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
    'This server does not answer for the name in this address. Check it.',
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
  const known = statusTexts.get(status)
  if (known) return known

  // RFC 9110 section 15: an unknown status is read as the x00 of its class.
  const { phrase, title, words } = statusTexts.get(status < 500 ? 400 : 500) as StatusText
  return { status, phrase, title, words }
}

/** Whether this is a status that an error page may have. */
export function isErrorStatus(status: unknown): status is number {
  return Number.isInteger(status) && (status as number) >= 400 && (status as number) <= 599
}
