"""What a session and its page tell the hub: one module for each route."""
