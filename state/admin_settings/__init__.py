"""The admin's settings: one state for each of their pages."""
