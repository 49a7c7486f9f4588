"""The single-user server: its access rule, its pages, its channel to them, its report to the hub."""
