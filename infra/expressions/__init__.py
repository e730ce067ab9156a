"""Check that all regular expressions take linear time: `python -m infra.expressions`."""
