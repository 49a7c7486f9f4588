"""VNC that only shows: the filter between a visitor and the desktop."""
