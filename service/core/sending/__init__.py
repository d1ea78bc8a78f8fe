"""The life of a delivery, by rules alone: paced, gathered, held, sent, and told again."""
