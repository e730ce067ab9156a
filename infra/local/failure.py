"""Error that prevents the start of the local system, as one sentence."""


class LocalError(Exception):
    """The system cannot start or go on. The message is a sentence for the person who started it."""
