"""From a stage's record to its Dagster asset: the specification is the record's, the body a function that is
handed the stage's run."""

from collections.abc import Callable

import dagster as dg

from kg_assets.stage.checks import check_specs
from kg_assets.stage.run import StageRun
from kg_assets.stage.shown import Materialization
from kg_assets.stage.stage import Stage
from resources.workbench import Workbench

corpora = dg.DynamicPartitionsDefinition(name="corpus")
OWNERS = ["team:graphtutor"]
Body = Callable[[StageRun], dg.MaterializeResult]
Holds = Callable[[StageRun, Materialization], bool]


def stage_asset(
    stage: Stage,
    holds: Holds = lambda _run, _last: True,
    always: bool = False,
    description: str | None = None,
) -> Callable[[Body], dg.AssetsDefinition]:
    """Makes the asset of a stage of the function below it, whose docstring is the asset's description.

    The function is not called where nothing that the stage depends on has changed since it last ran: then its
    last materialisation is shown once more.

    Args:
        stage: the record.
        holds: whether what the stage wrote outside the warehouse is still there; asked last.
        always: the stage reads what no recipe can tell, and so runs each time.
        description: of the asset, where several stages share the function.
    """

    def decorated(body: Body) -> dg.AssetsDefinition:
        @dg.asset(
            name=stage.name,
            description=description or body.__doc__,
            group_name=stage.group,
            partitions_def=corpora,
            code_version=stage.version,
            owners=OWNERS,
            kinds=set(stage.kinds),
            deps=[dg.AssetKey(up.name) for up in stage.upstream],
            check_specs=check_specs(stage),
        )
        def asset(
            context: dg.AssetExecutionContext, workbench: dg.ResourceParam[Workbench]
        ) -> dg.MaterializeResult:
            with StageRun(context, workbench, stage) as run:
                same = None if always else run.as_it_was(lambda last: holds(run, last))
                return body(run) if same is None else same

        return asset

    return decorated
