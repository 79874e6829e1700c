"""The software card: does only what a chip could do."""
