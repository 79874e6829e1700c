"""The commands of ``mumei issuer``."""
