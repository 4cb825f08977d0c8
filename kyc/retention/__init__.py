"""How long a customer's data is kept, what holds it longer, and how it is destroyed.

The FIC Act asks for five years from the end of the relationship (sections 22, 23); POPIA for no longer than
that (section 14). `reliability.md` P30.
"""
