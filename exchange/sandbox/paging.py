"""Page, limit and total of a list: what a request may ask for, and what the answer's headers say."""

from __future__ import annotations

from exchange.sandbox.wire import Refusal, Request

ORDERS = {"asc": "id ASC", "desc": "id DESC", "random": "RANDOM()"}


def page_of(request: Request, default_limit: int, max_limit: int) -> tuple[int, int]:
    """page and limit of the query. Raises Refusal 422 outside 1 to `max_limit`."""
    codes, numbers = [], {}
    for name, default in (("page", 1), ("limit", default_limit)):
        text = request.query.get(name, str(default))
        try:
            numbers[name] = int(text) if text.isascii() else 0
        except ValueError:
            codes.append(f"resource.pagination.non_integer_{name}")
    if not codes:
        if numbers["page"] < 1:
            codes.append("resource.pagination.non_positive_page")
        if not 1 <= numbers["limit"] <= max_limit:
            codes.append("resource.pagination.invalid_limit")
    if codes:
        raise Refusal(422, *codes)
    return min(numbers["page"], 10**9), numbers["limit"]


def page_headers(page: int, limit: int, total: int, quirks: dict) -> list[tuple[str, str]]:
    headers = [("Page", str(page)), ("Per-Page", str(limit))]
    return [*headers, ("Total", str(total))] if quirks["list_total"] else headers
