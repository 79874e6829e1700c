"""Independent slow reference of the project's cryptography, in pure Python; it imports nothing of the project."""
