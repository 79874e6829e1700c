"""The revocation authority: statements, cases, lists (mumei protocol 2.5)."""
