"""The session's first process, which starts the desktop and the server. Standard library only."""
