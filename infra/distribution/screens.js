// CloudFront Function on requests to the web app's files: the address of each screen gets the page itself, and programs
// that ask for / get links to the API.
const LINKS = { docs: '/api/v1/docs', openapi: '/api/v1/openapi.json', health: '/api/v1/health' }

// eslint-disable-next-line no-unused-vars -- CloudFront calls it
function handler(event) {
  const request = event.request
  const accept = request.headers.accept ? request.headers.accept.value : ''
  if (request.uri === '/' && !accept.includes('text/html')) {
    return {
      statusCode: 200,
      statusDescription: 'OK',
      headers: {
        'content-type': { value: 'application/json' },
        vary: { value: 'Accept' },
        'x-content-type-options': { value: 'nosniff' },
      },
      body: { encoding: 'text', data: JSON.stringify(LINKS) },
    }
  }
  // A name with a dot is a file; everything else is a screen of the app.
  if (!request.uri.slice(request.uri.lastIndexOf('/') + 1).includes('.')) {
    request.uri = '/index.html'
  }
  return request
}
