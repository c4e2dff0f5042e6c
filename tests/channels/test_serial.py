"""An SDK that trips over an answer harms only its own parcel, and says where without saying what."""

from channels.base import Action, Parcel, Uncertain
from channels.serial import Sent, one_by_one


def test_a_surprise_is_uncertain_and_names_its_place_but_not_its_words() -> None:
    def deliver(parcel: Parcel) -> Sent:
        if parcel.id == "bad":
            raise KeyError("https://graph.example/?access_token=s3cret")
        return Sent("1")

    parcels = [Parcel("bad", "", "x"), Parcel("good", "", "x")]
    first, second = one_by_one(parcels, frozenset({Action.POST}), deliver)
    assert isinstance(first.error, Uncertain)
    assert first.error.code.startswith("KeyError in test_serial.py:")
    assert "s3cret" not in repr(first)
    assert first.error.__context__ is None
    assert (second.error, second.provider_id) == (None, "1")
