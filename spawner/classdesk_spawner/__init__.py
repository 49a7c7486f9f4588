"""Starts a desktop as a Slurm job, from the hub process."""
