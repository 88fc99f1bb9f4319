"""Training and scoring from files to files, interruptible and resumable. May import pages and all below it."""
