// CloudFront Function on requests to the API: says who asks, and for which host. A viewer's own headers of these names
// are overwritten. CloudFront replaces Host with the API's own, and the API sees CloudFront's address.
// eslint-disable-next-line no-unused-vars -- CloudFront calls it
function handler(event) {
  const request = event.request
  request.headers['x-llmready-viewer'] = { value: event.viewer.ip }
  request.headers['x-llmready-host'] = { value: request.headers.host.value }
  return request
}
