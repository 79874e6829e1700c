"""Who is on record: a resident, what happens to one, and lists of many to take in."""
