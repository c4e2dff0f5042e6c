"""Kills, pauses and starves a running installation at seeded random moments, then counts at the providers who got what."""
