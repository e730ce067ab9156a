"""One site in, one archive out: a program of its own, without AWS and without credentials."""
