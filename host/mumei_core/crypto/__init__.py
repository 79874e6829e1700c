"""The proof system: curve, hashing, generators and the schemes built on them."""
