/** The live page: counts events, sends one message over a WebSocket and shows what comes back. */
const [events, socket] = ['events', 'socket'].map((id) => document.getElementById(id))

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
