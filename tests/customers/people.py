"""A good individual, a good business and a good UBO, to be spoiled one field at a time."""

from datetime import date

TODAY = date(2026, 11, 21)

INDIVIDUAL = {
    "reference": "C-1",
    "entity_type": "individual",
    "email": "lerato@example.com",
    "phone_number": "+27822904047",
    "first_name": "Lerato",
    "last_name": "Mokoena",
    "dob": "2002-02-08",
    "address": "350 Moon Street",
    "postcode": "7350",
    "city": "Gqeberha",
    "country": "ZA",
    "nationality": "ZA",
    "country_of_residence": "ZA",
    "id_number": "0202086471085",
    "occupation": "Historian",
    "source_of_funds": "Salary or Wages",
}

UBO = {
    "email": "jane@example.com",
    "first_name": "Jane",
    "last_name": "Smith",
    "dob": "1985-05-15",
    "address": "456 Residential Ave",
    "postcode": "7700",
    "city": "Cape Town",
    "country": "ZA",
    "nationality": "GB",
    "id_number": "533081803",
    "occupation": "Top Executive",
    "source_of_funds": "Business Income",
    "ownership_percentage": "60",
}

BUSINESS = {
    "email": "admin@acme.example.com",
    "phone_number": "+27822904047",
    "account_name": "ACME Corporation",
    "business_profile.company_name": "ACME Corp (Pty) Ltd",
    "business_profile.registration_number": "2020/123456/07",
    "business_profile.registration_country": "ZA",
    "business_profile.industry": "Financial Services",
    "business_profile.purpose_of_account": "Payment processing",
    "business_profile.expected_monthly_volume_usd": "500000",
}


def found(problems):
    """The problems as (field, code, severity)."""
    return [(problem.field, problem.code, problem.severity) for problem in problems]
