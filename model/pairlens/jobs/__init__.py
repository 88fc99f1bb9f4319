"""Training, scoring and encoding from files to files, interruptible and resumable. May import pages and below."""
