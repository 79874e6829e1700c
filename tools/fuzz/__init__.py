"""Fuzzing: any octets to every parser and to the whole card, judged by oracles that a user could state."""
