"""The parts of the stack, one subject a file; service_stack.py puts them together."""
