"""What is remembered, and what is read from files: queries in domain words. Nothing here commits; services do."""
