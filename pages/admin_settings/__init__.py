"""The admin's settings: a page for each kind, below the same tabs."""
