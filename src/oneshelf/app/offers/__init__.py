"""Offers: who gets which, what leaves, and what it caused."""
