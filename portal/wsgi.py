import os

from portal import starting

starting.begin()

from django.core.wsgi import get_wsgi_application  # noqa: E402 - what loads much comes after it

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
application = get_wsgi_application()
from portal.known_keys import end_with_other_keys  # noqa: E402 - Django is set up by now

end_with_other_keys()

# What no request stands behind in a web process is no command all the same.
from accounts.circumstances import Channel, set_process_channel  # noqa: E402 - Django is set up by now
from portal.logs import catch_what_nobody_caught  # noqa: E402

set_process_channel(Channel.PAGE)
catch_what_nobody_caught()
starting.load_pages()
starting.everything_loaded()
