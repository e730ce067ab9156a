"""Read a fetched page: its media type, metadata, navigation, text and alternates."""
