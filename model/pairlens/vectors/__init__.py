"""Reading word vectors for the words of a vocabulary."""
