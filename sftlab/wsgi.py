import multiprocessing
import os

from django.core.wsgi import get_wsgi_application

from sftlab.process import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sftlab.settings")
if multiprocessing.parent_process() is not None:  # a worker of the server: a killed server must not leave it behind
    die_with_parent()
application = get_wsgi_application()
