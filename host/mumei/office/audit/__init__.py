"""The audit trail: a chain of entries that is sealed every hour and verified offline."""
