"""One module per route; components only."""
