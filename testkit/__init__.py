"""What tests and benchmarks share: sites to serve, systems to start, people, items and readings."""
