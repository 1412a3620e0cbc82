"""What a page watches to see templates change."""

TOPIC = "templates"
