"""The revocation handle in shares: Shamir over r with points to check each (mumei protocol 2.5)."""
