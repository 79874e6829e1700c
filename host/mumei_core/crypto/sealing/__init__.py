"""Sealing to a public key: HPKE of RFC 9180, base mode."""
