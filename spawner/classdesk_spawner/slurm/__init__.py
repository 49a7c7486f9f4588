"""Slurm: its commands, its states, what it offers, and one look at the queue for all sessions."""
