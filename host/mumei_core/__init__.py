"""Shared by both sides, role-neutral: no I/O, no PC/SC, no command line."""
