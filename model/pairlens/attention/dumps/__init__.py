"""Files of attention matrices, a module for each format. May import what attention may."""
