"""A relying party's terminal: ask, verify, decide, keep a receipt."""
