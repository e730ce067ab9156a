"""Read a fetched page: what kind it is, its metadata, navigation, text and alternates."""
