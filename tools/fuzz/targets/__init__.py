"""What is fuzzed: one module per room, one entry per target."""
