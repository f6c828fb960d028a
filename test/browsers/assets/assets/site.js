fetch('/api/whoami')
  .then((response) => response.text())
  .then((text) => {
    document.querySelector('#api').textContent = text
  })
