"""Trends over the shop's own data: reading the signals, the nightly search, and looking at what it found."""
