"""Sessions with cards on record: what went over the wire, secrets masked; shown, compared, replayed."""
