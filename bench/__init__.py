"""Benchmarks that anyone can repeat; each prints its figures with their limits."""
