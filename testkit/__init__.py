"""Code that tests and benchmarks share: test sites, running systems, users and stored items."""
