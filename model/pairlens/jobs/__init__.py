"""Training and scoring from files to files, interruptible and resumable. May import evaluation and all below it."""
