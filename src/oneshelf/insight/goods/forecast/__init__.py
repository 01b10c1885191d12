"""Demand forecasts: of every place and product, or of any level above them, with their uncertainty."""
