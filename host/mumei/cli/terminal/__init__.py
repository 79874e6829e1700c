"""``mumei terminal``: one module a group of a relying party's commands."""
