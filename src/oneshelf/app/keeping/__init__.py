"""Keeping house: staff, system, backup and doctor."""
