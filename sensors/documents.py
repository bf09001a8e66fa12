"""The sensor on the documents root: a run of a corpus for each change of its files that has come to rest, and
now and then one for those with documents elsewhere."""

import time

import dagster as dg

from resources.errors import SettingsError
from resources.workbench import Workbench
from sensors.changes import changed_corpora, polls_of, read_cursor, snapshot, write_cursor
from sensors.dead_runs import report_dead_runs

TICK_SECONDS = 10
SETTLE_SECONDS = 5.0


def documents_sensor(job_name: str, partitions: dg.DynamicPartitionsDefinition) -> dg.SensorDefinition:
    """A sensor that starts the job `job_name` for changed corpora and adds new corpora to `partitions`."""

    @dg.sensor(
        name="documents_sensor",
        job_name=job_name,
        minimum_interval_seconds=TICK_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Starts a run of a corpus when files of it are new, changed or removed, and at rest; of "
        "one with documents elsewhere also every documents.source_minutes.",
    )
    def sensor(
        context: dg.SensorEvaluationContext, workbench: dg.ResourceParam[Workbench]
    ) -> dg.SensorResult | dg.SkipReason:
        report_dead_runs(context.instance, workbench.layout)
        try:
            now_s, configuration = time.time(), workbench.configuration()
            period_s = 60 * configuration.settings.documents.source_minutes
            polls = polls_of(configuration.sources, now_s, period_s)
            found = snapshot(workbench.documents_root(), polls)
        except SettingsError as error:
            return dg.SkipReason(str(error))
        due, states = changed_corpora(read_cursor(context.cursor), found, now_s, SETTLE_SECONDS)
        known = set(context.instance.get_dynamic_partitions(partitions.name or ""))
        new = [corpus for corpus in due if corpus not in known]
        return dg.SensorResult(
            # A run key dedupes forever, so it carries the time: files that change back are a change too.
            run_requests=[
                dg.RunRequest(run_key=f"{corpus}:{now_s:.0f}", partition_key=corpus) for corpus in due
            ],
            dynamic_partitions_requests=[partitions.build_add_request(new)] if new else [],
            cursor=write_cursor(states),
        )

    return sensor
