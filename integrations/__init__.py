"""Clients of outside systems. Nothing in here knows about Wapto itself."""
