"""Revocation tokens: one point a card and slot, which trustees can compute for a reported card only."""
