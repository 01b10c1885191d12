"""Plans as use cases: gathered from sales, stock and terms, made, looked over, edited, tried otherwise, approved and scored."""
