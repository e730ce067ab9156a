"""The client of the HTTP API: what people use instead of curl."""
