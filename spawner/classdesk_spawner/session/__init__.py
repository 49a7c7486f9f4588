"""One session: its job, its script, its runtime, what is said of it until it ends."""
