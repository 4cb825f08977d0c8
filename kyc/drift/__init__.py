"""What we hold against what the exchange holds, subject by subject, and what to do about each difference.

`comparing` and `details` decide and are pure; `lists` and `reconciling` ask and keep; `taking_in` makes
read-only records of what is found only there.
"""
