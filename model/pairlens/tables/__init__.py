"""Tables of texts: CSV, TSV, JSONL, Parquet and lines of text, read row by row in bounded memory."""
