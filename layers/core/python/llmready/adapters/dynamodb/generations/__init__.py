"""Generations in the table."""

from llmready.adapters.dynamodb.generations.commands import DynamoGenerationCommands
from llmready.adapters.dynamodb.generations.items import generation_item
from llmready.adapters.dynamodb.generations.queries import DynamoGenerationQueries
from llmready.adapters.dynamodb.table import Table

__all__ = ["DynamoGenerations", "generation_item"]


class DynamoGenerations(DynamoGenerationQueries, DynamoGenerationCommands):
    """Implements :class:`llmready.ports.generations.Generations`."""

    def __init__(self, table: Table) -> None:
        DynamoGenerationQueries.__init__(self, table)
        DynamoGenerationCommands.__init__(self, table)
