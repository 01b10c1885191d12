"""Goods: what sold, and what will sell."""
