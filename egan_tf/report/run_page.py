"""The page of one run."""

from __future__ import annotations

import egan_tf
from egan_tf.report import sections
from egan_tf.report.areas import lineage_of
from egan_tf.report.page import document, figures_list
from egan_tf.report.record import RunRecord
from egan_tf.report.settings import settings_section


def run_page(record: RunRecord) -> str:
    """The HTML of a run's report, a function of what was read of its folder."""
    lineage = lineage_of(record.columns)
    return document(
        record.name,
        sections.subtitle_of(record),
        figures_list([*sections.figures_of(record, lineage), *sections.metric_figures_of(record)]),
        [
            sections.problems_section(record),
            sections.samples_section(record),
            sections.lineage_section(record, lineage),
            sections.children_section(record),
            sections.discriminator_section(record),
            sections.metrics_section(record),
            sections.counters_section(record),
            sections.events_section(record),
            settings_section(record),
            sections.provenance_section(record),
        ],
        f"Written by egan_tf {egan_tf.__version__} from the records of {record.name}.",
    )
