"""The product's version, for every program and package of it."""

__version__ = "0.2.0"
