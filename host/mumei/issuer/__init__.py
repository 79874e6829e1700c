"""The issuer: its keys, public parameters and signing service."""
