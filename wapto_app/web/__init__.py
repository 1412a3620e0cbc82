"""Starlette routes: everything that is plain HTTP rather than a screen event."""
