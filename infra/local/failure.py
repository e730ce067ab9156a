"""What stops the local system from starting, told in one sentence."""


class LocalError(Exception):
    """The system cannot start or go on; the message is a sentence for the person who started it."""
