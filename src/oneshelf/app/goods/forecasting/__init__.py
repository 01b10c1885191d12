"""Forecasts of the shop's own sales: gathered from the lake and the books, made in the night, looked at and tested."""
