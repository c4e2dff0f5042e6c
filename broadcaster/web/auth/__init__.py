"""Who is asking: log-in, sessions that end on the server, and what a role may reach."""
