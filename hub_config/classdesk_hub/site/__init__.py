"""The site file: its model, the classes in it, its example, the secrets beside it."""
