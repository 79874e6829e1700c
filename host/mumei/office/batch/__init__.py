"""Cards for an order of many residents, issued on several readers at once."""
