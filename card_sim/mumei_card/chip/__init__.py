"""What the silicon gives: memory, randomness, arithmetic."""
