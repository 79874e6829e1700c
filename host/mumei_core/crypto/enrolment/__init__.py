"""The proof that shares, renewal pseudonym and commitment are of the same secrets (mumei protocol 2.2)."""
