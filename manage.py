#!/usr/bin/env python
"""The product's commands: `manage.py help` lists them."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from portal import starting

    starting.begin()
    from portal.command_line import execute

    execute(sys.argv)


if __name__ == "__main__":
    main()
