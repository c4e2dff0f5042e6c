"""For a WSGI server of one's own: `gunicorn --worker-class gthread --threads 8 wsgi:app`, with the settings in the environment."""

from broadcaster.runtime import build
from broadcaster.settings import load
from broadcaster.web.app import create_app

app = create_app(build(load()))
