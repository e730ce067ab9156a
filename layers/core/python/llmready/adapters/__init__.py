"""Implementations of the ports. Only these modules translate botocore errors to domain errors."""
