"""The field rules: data in, values and problems out. Plain functions without a database.

`raw` maps the exchange's field names (profile fields as `business_profile.<field>`) to text as typed, or to
typed values (date, bool, number, list). Every rule of a row is judged; all of its problems come at once.
"""

from customers.rules.business import check_ubos, read_business
from customers.rules.identity import read_entity_type, read_reference
from customers.rules.people import read_individual, read_ubo
from customers.rules.reading import Reading, Refused

__all__ = [
    "Reading",
    "Refused",
    "check_ubos",
    "read_business",
    "read_entity_type",
    "read_individual",
    "read_reference",
    "read_ubo",
]
