"""The commands of apdu_specs as values. Written by tools/gen_commands.py."""
