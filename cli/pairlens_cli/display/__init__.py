"""What a terminal shows: tables, live progress; and signals. May import options and output."""
