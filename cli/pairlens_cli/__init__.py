"""The command line of pairlens: parses arguments, calls the library, prints results."""
