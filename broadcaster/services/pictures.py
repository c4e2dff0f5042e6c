"""Pictures that go with an alert: taken in once under their own digest, checked, and named by where residents will find them."""

import hashlib
from dataclasses import replace
from pathlib import Path

from broadcaster.domain.alert import Draft, PictureFile
from broadcaster.domain.errors import Invalid, Problem
from broadcaster.runtime import Runtime
from broadcaster.store.rendering import PublicPicture

#: The first bytes of what channels take, its MIME type and its file ending.
_KINDS = ((b"\x89PNG\r\n\x1a\n", "image/png", ".png"), (b"\xff\xd8\xff", "image/jpeg", ".jpg"))
#: X and Facebook take 5 MB and more; a page on a slow phone should hold far less.
LARGEST = 5_000_000


def take_in(rt: Runtime, draft: Draft, folder: Path) -> Draft:
    """Copy a draft's pictures, named relative to `folder`, into this installation; Invalid names each that cannot be used.

    Only the command line reads files of this machine by name; everyone else hands over bytes with `keep`.
    """
    problems: list[Problem] = []
    kept = []
    for number, picture in enumerate(draft.resources):
        place = f"resources[{number}].file"
        try:
            stored = keep(rt, (folder / picture.file).read_bytes(), place)
        except OSError as error:
            problems.append(Problem(place, f"{picture.file} cannot be read", f"{error.strerror}."))
        except Invalid as error:
            problems += error.problems
        else:
            kept.append(replace(picture, file=stored))
    if problems:
        raise Invalid(problems)
    return replace(draft, resources=tuple(kept))


def keep(rt: Runtime, content: bytes, place: str) -> str:
    """Store a picture and return its name, which is its digest and ending; Invalid when it is no PNG or JPEG, or too large."""
    if len(content) > LARGEST:
        raise Invalid([Problem(place, f"is {len(content) / 1e6:.1f} MB", f"At most {LARGEST / 1e6:.0f} MB are taken.")])
    ending = next((end for start, _, end in _KINDS if content.startswith(start)), "")
    if not ending:
        raise Invalid([Problem(place, "is no PNG or JPEG picture", "Save it as one of those.")])
    name = hashlib.sha256(content).hexdigest() + ending
    path = _folder(rt) / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return name


def path_of(rt: Runtime, name: str) -> Path:
    """Where a kept picture lies."""
    return _folder(rt) / Path(name).name


def mime_type(name: str) -> str:
    """By the ending that `keep` gave it."""
    return next((kind for _, kind, end in _KINDS if name.endswith(end)), "application/octet-stream")


def public(rt: Runtime, draft: Draft, problems: list[Problem]) -> tuple[PublicPicture, ...]:
    """The draft's pictures as residents will find them; what is not there, or lacks its words, is added to `problems`."""
    found = []
    for number, picture in enumerate(draft.resources):
        path = path_of(rt, picture.file)
        if Path(picture.file).name != picture.file or not path.is_file():
            problems.append(Problem(f"resources[{number}].file", "there is no such picture", "Upload it first."))
            continue
        problems += _unsaid(draft, number, picture)
        address = f"{rt.settings.status_address}/pictures/{picture.file}"
        size, digest = path.stat().st_size, picture.file.partition(".")[0]
        found.append(PublicPicture(address, mime_type(picture.file), picture.alt, size, digest))
    return tuple(found)


def _unsaid(draft: Draft, number: int, picture: PictureFile) -> list[Problem]:
    return [
        Problem(f"resources[{number}].alt.{tag}", "says nothing to people who cannot see it", "Describe the picture.")
        for tag in draft.languages
        if not picture.alt.get(tag)
    ]


def _folder(rt: Runtime) -> Path:
    return rt.settings.var_dir / "pictures"
