"""Trends: what grows beyond chance, why, and what it is likely to do next."""
