"""The product: middleware between a card and the people at the counter."""
