#!/usr/bin/env python
"""Paddock's command line in a checkout: python manage.py help lists the commands."""

from __future__ import annotations

import sys

if __name__ == "__main__":
    try:
        from arena.__main__ import main
    except ImportError as error:
        sys.exit(f"{error}. Set up once with make demo or make test, then: . .venv/bin/activate")
    main()
