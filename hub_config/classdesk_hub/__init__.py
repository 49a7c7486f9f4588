"""What the administrator runs: configuration of the hub, and the command `classdesk`."""
