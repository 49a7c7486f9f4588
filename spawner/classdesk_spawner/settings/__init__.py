"""What an administrator can set, as strict models."""
