"""Slurm's commands in a session, and the jobs that are submitted with them. Standard library only."""
