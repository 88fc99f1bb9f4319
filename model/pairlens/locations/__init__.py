"""Places of files: paths of this machine, and addresses such as s3://bucket/key."""
