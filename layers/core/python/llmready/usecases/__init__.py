"""The use cases of the service: one function per operation. Each gets the ports that it needs as an argument."""
