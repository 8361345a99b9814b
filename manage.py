#!/usr/bin/env python
import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sftlab.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db.utils import OperationalError

    from sftlab.postgres import DatabaseUnavailable, explain

    try:
        execute_from_command_line(sys.argv)
    except (DatabaseUnavailable, OperationalError) as error:
        print(explain(error), file=sys.stderr)
        sys.exit(2)
    except ImproperlyConfigured as error:
        print(error, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
