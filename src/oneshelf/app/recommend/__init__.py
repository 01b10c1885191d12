"""Recommendation: reading a shop's baskets, and how good each method is on them."""
