"""One site in, one archive out: a program of its own, without AWS and without credentials."""

__version__ = "0.1.0"
