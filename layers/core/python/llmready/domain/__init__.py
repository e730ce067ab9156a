"""The rules of the service, without AWS, HTTP or the clock."""
