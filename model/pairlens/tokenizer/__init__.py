"""Converting text to token ids with a tokenizer learned from the train texts or given as a tokenizer.json."""
