"""How good a model is on labelled pairs, and how sure that is. May import attention and all below it."""
