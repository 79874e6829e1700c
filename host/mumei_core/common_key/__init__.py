"""The issuer's proof that a signature is under its one public key."""
