"""Servers that graphtutor starts itself on loopback when the user names none of their own."""
