"""What approvers read on their phones, in the languages of the house; a person's own where there are words in it, else English."""

from collections.abc import Mapping

#: By language: what is waiting (`waits`), the same with the wording and its code (`reply`), and what a reply is answered.
WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "live": "LIVE",
        "drill": "EXERCISE EXERCISE",
        "thousands": ",",
        "waits": "{city}: {mode}, {kind}, to {phones} phones, waits for your approval. Read and decide: {link}",
        "reply": "{city}: {mode}, {kind}, to {phones} phones, waits for your approval. Exactly this goes out: «{text}» "
        "To approve, answer {code} from this phone by {until}. To read all of it first: {link}",
        "no text": "(no text message; pages and posts only)",
        "approved": "Approved. It is going out now. Alert {name}.",
        "wrong": "Nothing was approved: that is not a code that holds. Read and decide in the console.",
        "used": "Nothing was approved by this text: the code has been used.",
        "not": "Nothing was approved: {why}. Read and decide in the console.",
    },
    "nb": {
        "live": "EKTE",
        "drill": "ØVELSE ØVELSE",
        "thousands": " ",
        "waits": "{city}: {mode}, {kind}, til {phones} telefoner, venter på din godkjenning. Les og avgjør: {link}",
        "reply": "{city}: {mode}, {kind}, til {phones} telefoner, venter på din godkjenning. Nøyaktig dette går ut: «{text}» "
        "Godkjenn ved å svare {code} fra denne telefonen innen {until}. For å lese alt først: {link}",
        "no text": "(ingen tekstmelding; bare sider og innlegg)",
        "approved": "Godkjent. Varselet går ut nå. {name}.",
        "wrong": "Ingenting ble godkjent: dette er ingen kode som gjelder. Les og avgjør i konsollen.",
        "used": "Ingenting ble godkjent av denne meldingen: koden er brukt.",
        "not": "Ingenting ble godkjent: {why}. Les og avgjør i konsollen.",
    },
}


def words(language: str) -> Mapping[str, str]:
    """The words for a person who reads `language`."""
    return WORDS.get(language, WORDS["en"])


def number(count: int, language: str) -> str:
    """18,400 or 18 400."""
    return f"{count:,}".replace(",", words(language)["thousands"])
