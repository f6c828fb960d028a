/** The home page: says that scripts run, and makes its requests. The live page: events, and what a WebSocket sends back. */
const [scripts, events, socket] = ['scripts', 'events', 'socket'].map((id) =>
  document.getElementById(id),
)

if (scripts) scripts.textContent = 'run'
if (events) live()
for (const button of document.querySelectorAll('button[data-path]')) {
  button.addEventListener('click', () => press(button))
}

const attacks = [...document.querySelectorAll('button[data-attack]')]
for (const button of attacks) button.addEventListener('click', () => attack(button))
document.getElementById('attack-hint')?.remove()
document.getElementById('attack-all')?.addEventListener('click', async () => {
  let refused = 0
  for (const button of attacks) refused += (await attack(button)) ? 1 : 0
  const sum = document.getElementById('attack-sum')
  sum.textContent = `${refused} of ${attacks.length} attacks were refused.`
})

/** Attacks, and says whether it was refused. */
async function attack(button) {
  const { attack: path, refused, times, body, type, credentials } = button.dataset
  const statuses = refused.split(' ').map(Number)
  const row = button.closest('li')
  const shown = row.querySelector('output')
  const init = body ? { method: 'POST', headers: { 'content-type': type }, body } : {}
  button.disabled = true
  let [status, count] = [0, 0]
  while (count < Number(times) && !statuses.includes(status)) {
    count++
    const headers = { accept: 'application/json', ...init.headers }
    const options = { ...init, headers, credentials, cache: 'no-store' }
    status = (await fetch(path, options)).status
  }
  const isRefused = statuses.includes(status)
  row.className = isRefused ? 'refused' : 'through'
  const after = count > 1 ? ` at request ${count}` : ''
  shown.textContent = isRefused ? `✓ Refused: ${status}${after}` : `✗ Got through: ${status}`
  button.disabled = false
  return isRefused
}

/** Asks as often as the button says, and shows a line for each answer. */
async function press(button) {
  const { path, times, shows, body, credentials } = button.dataset
  const shown = button.parentElement.querySelector('pre')
  const type = body.startsWith('{') ? 'application/json' : 'application/x-www-form-urlencoded'
  const post = { method: 'POST', headers: { 'content-type': type }, body }
  shown.textContent = ''
  button.disabled = true
  for (let i = 0; i < Number(times); i++) {
    // What is kept is kept once it was sent, and this one for a second.
    if (i > 0) await new Promise((done) => setTimeout(done, path === '/unsteady' ? 1100 : 100))
    const answer = await fetch(path, { credentials, cache: 'no-store', ...(body ? post : {}) })
    const text = await answer.text()
    const told = shows
      .split(',')
      .filter((name) => name !== '')
      .map((name) => `${name}: ${answer.headers.get(name) ?? 'none'}`)
    shown.textContent += `${[answer.status, ...told, ...words(answer, text)].join('\n    ')}\n`
  }
  button.disabled = false
}

/** What of a body is worth showing: nothing of a page, the words of a refusal. */
function words(answer, text) {
  const type = answer.headers.get('content-type') ?? ''
  if (type.includes('html') || text.length > 1000) return []
  if (!type.includes('problem')) return [text.trim()]
  const { title, detail } = JSON.parse(text)
  return [`${title}. ${detail ?? ''}`.trim()]
}

function live() {
  const source = new EventSource('/events?count=10')
  source.addEventListener('message', ({ data }) => {
    events.textContent = data
  })
  source.addEventListener('done', () => source.close()) // or it would connect again

  const echo = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/socket`)
  const heard = []
  echo.addEventListener('open', () => echo.send('ping'))
  echo.addEventListener('message', ({ data }) => {
    heard.push(data)
    socket.textContent = heard.join(', ')
  })
  echo.addEventListener('error', () => {
    socket.textContent = 'refused'
  })
}
