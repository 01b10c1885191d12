"""What tests stand on, shipped for plug-in authors too: a small seeded shop with known truth, and in-memory implementations."""
