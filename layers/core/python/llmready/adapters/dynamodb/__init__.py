"""The DynamoDB table. ``keys.py`` defines its keys; ``table.py`` reads and writes it."""
