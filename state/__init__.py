"""What one open browser tab holds, one module per screen."""
