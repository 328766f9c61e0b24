"""What the page of figures says."""

from collections.abc import Mapping
from typing import Final

from normalizer.advice import Language
from web.console.texts import kpi_en, kpi_it
from web.console.texts.kpi_texts import KpiTexts

NAV: Final[Mapping[Language, str]] = {"it": "Numeri", "en": "Figures"}
KPI: Final[Mapping[Language, KpiTexts]] = {"it": kpi_it.KPI, "en": kpi_en.KPI}
