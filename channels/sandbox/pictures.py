"""Knows an image by its first bytes, whatever its sender calls it."""

_SIGNATURES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


def image_type(content: bytes) -> str:
    """image/jpeg, image/png, image/gif or image/webp; empty for anything else."""
    for signature, mime_type in _SIGNATURES:
        if content.startswith(signature):
            return mime_type
    return "image/webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else ""
