"""The rules of the service. Nothing here knows AWS, HTTP or the clock."""
