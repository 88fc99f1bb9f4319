"""Text → token ids, by a tokenizer that was learned from the train texts or brought along as a tokenizer.json."""
