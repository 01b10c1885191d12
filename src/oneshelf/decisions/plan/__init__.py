"""The plan: how much of each product to order, make or move for each place, from what demand may be and what is at hand."""
