"""Channels: how decisions leave the house."""
