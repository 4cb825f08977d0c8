"""Campaigns: everything round the product is broken on purpose, and the sandbox's own store is the judge.

`python -m tests.campaigns` runs one with a seed, a size and a duration; `make campaign` runs the long forms.
"""
