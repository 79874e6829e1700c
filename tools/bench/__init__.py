"""Prints every bar of the project, what was measured against it, and how: ``make bench``."""
