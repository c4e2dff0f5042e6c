"""The API under /api/v1: what other systems may do with a key. Registered by create_app."""

from flask_openapi3.openapi import OpenAPI

from broadcaster.runtime import Runtime
from broadcaster.web import api_alerts, api_docs, api_drafts, api_lookups, api_playbooks
from broadcaster.web.api_answered import Problem
from broadcaster.web.api_door import Limits, blueprint
from broadcaster.web.api_errors import refuse

__all__ = ["blueprint", "register"]

#: Importing a module of views adds them to the blueprint.
VIEWS = (api_alerts, api_drafts, api_playbooks, api_lookups, api_docs)


def register(app: OpenAPI, rt: Runtime) -> None:
    """Add the API to an app, with counts of its own."""
    app.extensions["broadcaster.api.limits"] = Limits()
    # Flask-OpenAPI would answer in pydantic's words; everything that is wrong is said in one shape instead.
    app.validation_error_callback = refuse
    app.validation_error_model = Problem
    blueprint.template_folder = str(rt.folder / "templates" / "api")
    app.register_api(blueprint)
