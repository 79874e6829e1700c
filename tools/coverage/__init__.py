"""How much of the card and the shared core the tests reach, in lines and branches, against the bars."""
