"""The languages that the warning check knows. One that is not here is still checked for what is the same in every language."""

from collections.abc import Mapping

from broadcaster.domain.lint.lexicon import Lexicon, by_code
from broadcaster.domain.lint.lexicon_en import ENGLISH
from broadcaster.domain.lint.lexicon_nb import BOKMAAL

LEXICONS: Mapping[str, Lexicon] = by_code((ENGLISH, BOKMAAL))
