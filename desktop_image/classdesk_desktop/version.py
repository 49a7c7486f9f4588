"""The version, in its one place: of the distribution, the image and its sessions."""

VERSION = "0.1.0"
