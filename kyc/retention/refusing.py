"""What the services of this folder refuse, in the form that pages, calls and commands know."""

from customers.problems import ERROR, Problem, Refused


def refused(code: str, message: str, remedy: str = "") -> Refused:
    """One problem about the customer as a whole."""
    return Refused([Problem(code, "", "", ERROR, message, remedy)])
