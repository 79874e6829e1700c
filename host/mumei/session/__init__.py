"""One conversation with the mumei application on a card."""
