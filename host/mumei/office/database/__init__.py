"""The registry's database: where it is, its tables, their versions, its keys."""
