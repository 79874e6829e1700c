"""Commands to send, put together from named fields. Written by tools/gen_commands.py."""
