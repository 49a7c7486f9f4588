"""What JupyterHub does otherwise: its database, its order of starts, its wait, its stop."""
