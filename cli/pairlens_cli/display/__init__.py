"""Tables, live progress and signals of a terminal. May import options and output."""
