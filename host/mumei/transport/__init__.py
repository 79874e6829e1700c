"""Ways to reach a card: PC/SC and the software card."""
