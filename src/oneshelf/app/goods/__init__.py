"""Goods and places: the plan, daily sales, figures of all kinds, and where they come from."""
