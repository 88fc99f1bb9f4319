"""The terminal of pairlens: parses, calls, prints."""
