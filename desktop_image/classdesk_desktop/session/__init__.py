"""What every process of a session knows of it. Standard library only."""
