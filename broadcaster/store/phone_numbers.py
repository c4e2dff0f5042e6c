"""Phone numbers as people write them → E.164; the only importer of phonenumbers. No error here holds the number."""

import re

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberType

#: Numbers that no person's telephone has, or that cost whoever sends to them.
_NOT_A_PERSON = {
    PhoneNumberType.PREMIUM_RATE: "a premium-rate number",
    PhoneNumberType.TOLL_FREE: "a toll-free number",
    PhoneNumberType.SHARED_COST: "a shared-cost number",
    PhoneNumberType.UAN: "a company number",
    PhoneNumberType.VOICEMAIL: "a voicemail number",
    PhoneNumberType.PAGER: "a pager",
}
#: What spreadsheets make of a long number.
_SCIENTIFIC = re.compile(r"[+-]?\d([.,]\d+)?E\+?\d+", re.IGNORECASE)
_SEPARATORS = str.maketrans("", "", " ()-.\u00a0\u2011")


class PhoneReader:
    """Reads numbers of any country; those without a country code are of `region` (ISO 3166, two letters)."""

    def __init__(self, region: str) -> None:
        metadata = PhoneMetadata.metadata_for_region(region)
        if metadata is None or metadata.mobile is None:
            raise ValueError(f"no such region: {region}")
        self.region = region
        # Mobile numbers of the region, written in full, are most of every file: one match instead of a full analysis.
        pattern = metadata.mobile.national_number_pattern
        self._plain = re.compile(rf"\+{metadata.country_code}(?:{pattern})\Z", re.ASCII)

    def read(self, text: str) -> str:
        """The number in E.164; ValueError says what is wrong with it, without quoting it."""
        if self._plain.match(text):
            return text
        compact = text.translate(_SEPARATORS)
        if self._plain.match(compact):
            return compact
        if not compact:
            raise ValueError("the phone is missing")
        if _SCIENTIFIC.fullmatch(text.strip()):
            raise ValueError("a spreadsheet has rounded the phone; format that column as text")
        if len(text) > 40:
            raise ValueError("the phone is too long to be a number")
        try:
            number = phonenumbers.parse(text, self.region)
        except phonenumbers.NumberParseException:
            raise ValueError("the phone is not a number") from None
        if not phonenumbers.is_valid_number(number):
            raise ValueError("no such phone number can exist")
        if number.extension:
            raise ValueError("the phone has an extension, which no text can reach")
        kind = phonenumbers.number_type(number)
        if kind in _NOT_A_PERSON:
            raise ValueError(f"the phone is {_NOT_A_PERSON[kind]}")
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def is_landline(phone: str) -> bool:
    """True for a number (E.164) that its country gives to fixed lines only, which take no texts."""
    return phonenumbers.number_type(phonenumbers.parse(phone)) == PhoneNumberType.FIXED_LINE
