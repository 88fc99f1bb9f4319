"""One module per command: it parses, calls the library and prints. May import display, options and output."""
