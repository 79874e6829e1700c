"""The card's operating system: kernel, layers, session state."""
