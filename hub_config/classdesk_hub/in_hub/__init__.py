"""What runs in the hub's own process, beside the spawner."""
