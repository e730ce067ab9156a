"""Report progress: JSON events for programs, text for a terminal."""
