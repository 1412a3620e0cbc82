"""Who may do what: passwords, sessions, permissions, the event policy and secrets."""
