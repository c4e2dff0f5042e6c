"""The console: where coordinators write, approve and watch alerts. Each module is one page or a few that belong together."""

from importlib import import_module

from flask import Blueprint, Flask

blueprint = Blueprint("console", __name__)

_PAGES = (
    "home",
    "incidents",
    "alerts",
    "live",
    "told_zones",
    "compose",
    "compose_page",
    "area_map",
    "playbooks",
    "check",
    "decide",
    "ladder",
    "duty",
    "control",
    "correct",
    "inbox",
    "handover",
    "asking",
    "exercises",
    "not_reached",
    "residents",
    "own_phone",
    "second_step",
    "break_glass",
    "people",
    "people_changes",
    "system",
    "queue",
    "wall",
    "first_hour",
)


def register(app: Flask) -> None:
    """Add every page to `app`."""
    for name in _PAGES:
        import_module(f"{__name__}.{name}")
    app.register_blueprint(blueprint)
