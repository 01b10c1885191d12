"""People: looking at them, who is who, their tiers and audiences, and what is told of everybody by night."""
