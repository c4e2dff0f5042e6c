"""The rules of the trade, pure: README.md in this folder states its law."""
