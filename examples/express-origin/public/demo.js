/** The home page: says that scripts run. The live page: counts events and shows what a WebSocket sends back. */
const [scripts, events, socket] = ['scripts', 'events', 'socket'].map((id) => document.getElementById(id))

if (scripts) scripts.textContent = 'run'
if (events) live()

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
