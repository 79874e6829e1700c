"""``mumei office``: one module a group of a clerk's commands."""
