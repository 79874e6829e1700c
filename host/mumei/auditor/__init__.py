"""The auditor: recomputes what cards cannot, and signs it (mumei protocol 2.5)."""
