"""GlobalPlatform building blocks: the secure channel protocol SCP03, its keys, and keys for each card."""
