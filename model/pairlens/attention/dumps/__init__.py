"""Files of attention scores, with a module for each format. May import whatever attention may."""
