"""The sections of the page, in their order. To show a new signal: one section in one of these modules."""

from synthetic_textcat.pipelines.quality_report.page.sections.diversity import DIVERSITY_SECTIONS, QUOTA_SECTION
from synthetic_textcat.pipelines.quality_report.page.sections.fidelity import FIDELITY_SECTIONS
from synthetic_textcat.pipelines.quality_report.page.sections.labels import LABEL_SECTIONS

SECTIONS = (QUOTA_SECTION, *FIDELITY_SECTIONS, *LABEL_SECTIONS, *DIVERSITY_SECTIONS)
