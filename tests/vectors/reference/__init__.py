"""Independent slow reference of the cryptography, in pure Python; it imports nothing of the project."""
