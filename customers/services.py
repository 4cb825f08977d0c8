"""What can be done to customers: register one or many, change one."""

from customers.change import Changed, Frozen, StaleVersion, change_customer
from customers.register import Entry, Registered, register_customer, register_customers

__all__ = [
    "Changed",
    "Entry",
    "Frozen",
    "Registered",
    "StaleVersion",
    "change_customer",
    "register_customer",
    "register_customers",
]
