"""The demonstration: an invented city with invented residents, played through the real service."""
