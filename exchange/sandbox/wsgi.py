"""`gunicorn exchange.sandbox.wsgi`: the sandbox configured from the environment. One process, any number of
threads."""

from exchange.sandbox.app import make_app

application = make_app()
