"""The mumei command: one module per group of commands."""
