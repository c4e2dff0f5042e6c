"""Celery with a task per recipient: `celery -A bench.peer_celery worker -c 2`."""

import os

from celery import Celery

from bench.peer_text import BROKER, send_text

app = Celery("peer", broker=os.environ[BROKER])
app.conf.task_ignore_result = True
app.task(name="send_text")(send_text)
