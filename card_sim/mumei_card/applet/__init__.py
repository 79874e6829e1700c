"""The applications on the card."""
