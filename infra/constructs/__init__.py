"""The constructs of the stack; service_stack.py composes them."""
