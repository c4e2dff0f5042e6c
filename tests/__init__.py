"""Everything that shows that the broadcaster keeps its promises."""
