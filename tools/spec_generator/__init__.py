"""Reads apdu_specs, refuses what contradicts itself, and writes constants, catalogue, messages and reference."""
