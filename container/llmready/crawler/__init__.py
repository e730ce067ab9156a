"""Crawls one site and writes its archive; a separate program without access to AWS or credentials."""
