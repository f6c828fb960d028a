/**
 * Holds the script of the console's page. It connects to the stream of updates and replaces parts of the
 * page. `page.ts` writes it into the page with a nonce. If the stream breaks off, the browser reconnects
 * by itself; if the server rejects it, the page asks for a reload. Without the script the page shows the
 * same data once it is reloaded.
 */

/** The text of the script. */
export const consoleScript = `
const state = document.getElementById('live')
const pause = document.getElementById('pause')
const plain = { createHTML: (text) => text }
const policy = window.trustedTypes?.createPolicy('portcullis', plain) ?? plain
let source
function show(word, name) {
  state.textContent = word
  state.dataset.state = name
}
function open() {
  source = new EventSource('/.portcullis/console/live')
  source.onopen = () => show('Live', 'live')
  source.onerror = () =>
    source.readyState === 2 ? show('Ended: reload the page', 'ended') : show('Connecting', 'wait')
  source.addEventListener('part', ({ data }) => {
    const { name, html } = JSON.parse(data)
    const element = document.querySelector('[data-live="' + name + '"]')
    if (element) element.innerHTML = policy.createHTML(html)
  })
}
pause.hidden = false
pause.addEventListener('click', () => {
  const isLive = source.readyState !== 2
  source.close()
  if (isLive) show('Paused', 'paused')
  else open()
  pause.textContent = isLive ? 'Resume' : 'Pause'
})
open()
`
