"""The command `classdesk`."""
