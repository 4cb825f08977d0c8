"""placeholder"""


def answer(sandbox, request):
    from exchange.sandbox.wire import Reply

    return Reply(200, b"console", "text/plain")
