"""The broadcaster: an emergency alert is written once and reaches everyone, each delivery tracked to the end."""
