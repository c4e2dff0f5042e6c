"""What Facebook tells a page's webhook about a resident's comment, signed with the app's secret."""

import hashlib
import hmac
import json

from channels.sandbox.facebook_posts import Post


def comment_added(comment: Post, app_secret: str) -> tuple[bytes, dict[str, str]]:
    """Body and headers of the page's `feed` webhook.

    Source: https://developers.facebook.com/docs/graph-api/webhooks/reference/page
    """
    value = {
        "item": "comment",
        "verb": "add",
        "comment_id": comment.id,
        "post_id": comment.parent,
        "parent_id": comment.parent,
        "from": {"id": "0", "name": comment.author},
        "message": comment.text,
        "created_time": int(comment.at),
    }
    entry = {"id": comment.page, "time": int(comment.at), "changes": [{"field": "feed", "value": value}]}
    body = json.dumps({"object": "page", "entry": [entry]}).encode()
    digest = hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()
    return body, {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={digest}"}
