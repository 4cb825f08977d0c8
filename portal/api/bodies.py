"""The shape of an error's body, for those too who answer without the REST framework.

Whoever answers a body that is too large, or a fault of ours, is loaded by every process; the framework takes
longer to load than most commands to run.
"""

from typing import Any


def error_body(code: str, message: str, remedy: str, **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "remedy": remedy, **more}}
