"""Insight: what we know about people and goods. Pure: tables and events in, figures out."""
