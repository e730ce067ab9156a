"""What the service does: one function a verb, each given the ports that it needs."""
