"""People: a mergeable summary of each person's events, and the portrait that it gives."""
