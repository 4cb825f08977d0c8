"""Whose data falls due, and what staff decide about the end of a relationship."""
