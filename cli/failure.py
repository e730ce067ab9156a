"""How a command fails."""


class CommandFailed(Exception):
    """A command could not do what it was asked; the message is one plain sentence for a person."""
