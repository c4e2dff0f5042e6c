"""Use cases: what people and machines can do, in the words of the trade. No Flask, no rq."""
