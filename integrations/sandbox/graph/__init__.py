"""The Graph API subset, node by node."""
