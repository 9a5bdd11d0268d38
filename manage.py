#!/usr/bin/env python
"""Django's door: python manage.py help lists the commands."""

from __future__ import annotations

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arena.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        sys.exit(f"Django can't be imported ({error}). Set up once: make demo, or make test.")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
