"""Cuts the card's power at every write of every command that changes its state, and looks at what is left."""
