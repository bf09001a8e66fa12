"""Asset checks: what a user should be told about a materialisation that succeeded."""

from collections.abc import Sequence

import dagster as dg

from kg_assets.stage.shown import StageRow
from kg_assets.stage.stage import Stage

MAX_DROPS_SHARE = 0.1
MAX_OFF_FORMAT_SHARE = 0.2
MIN_LOSS_SPREAD = 1e-6


def check_specs(stage: Stage) -> list[dg.AssetCheckSpec]:
    """The checks every stage has, and those of its own."""
    common = [("yields_rows", "Rows went in, and at least one came out.")]
    if stage.may_drop:
        common.append(("drops_share", f"At most {MAX_DROPS_SHARE:.0%} of the rows were dropped."))
    return [
        dg.AssetCheckSpec(name, asset=stage.name, description=text) for name, text in (*common, *stage.checks)
    ]


def stage_checks(stage: Stage, row: StageRow) -> list[dg.AssetCheckResult]:
    """Results of the checks every stage has."""
    yields = row.rows_in == 0 or row.rows_out > 0
    found = [result("yields_rows", yields, f"{row.rows_out} rows from {row.rows_in}")]
    if stage.may_drop:
        found.append(share("drops_share", row.dropped, row.rows_in, MAX_DROPS_SHARE, "rows dropped"))
    return found


def share(name: str, part: int, whole: int, most: float, what: str) -> dg.AssetCheckResult:
    """Passes where `part` is at most the share `most` of `whole`."""
    found = part / whole if whole else 0.0
    return result(name, found <= most, f"{part} of {whole} {what} ({found:.1%}; at most {most:.0%})")


def losses_vary(losses: Sequence[float]) -> dg.AssetCheckResult:
    """Losses that are all equal order nothing: the trainee, its prompt or its endpoint is at fault."""
    if not losses:
        return result("losses_vary", True, "no losses were measured")
    spread = max(losses) - min(losses)
    passed = len(losses) == 1 or spread > MIN_LOSS_SPREAD
    return result("losses_vary", passed, f"losses run from {min(losses):.4f} to {max(losses):.4f}")


def result(name: str, passed: bool, finding: str) -> dg.AssetCheckResult:
    """A warning where it fails: the rows are there, but someone should look."""
    return dg.AssetCheckResult(
        check_name=name, passed=passed, severity=dg.AssetCheckSeverity.WARN, metadata={"finding": finding}
    )


def blocking(name: str, passed: bool, finding: str) -> dg.AssetCheckResult:
    """An error where it fails: a promise is broken."""
    return dg.AssetCheckResult(
        check_name=name, passed=passed, severity=dg.AssetCheckSeverity.ERROR, metadata={"finding": finding}
    )
