"""Unique marks in every encrypted field and every secret; then no mark where none may be."""
