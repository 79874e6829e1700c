"""The figures of a run: cut points per command, what was violated, on which machine and how long it took."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from tools.bench.machine import Machine
from tools.tear.sweep import Swept

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All scenarios of a run. ``planted``, ``missed``: planted defects tried, and those that nothing was found of.
    ``seconds``: by the clock; ``processor``: of this process."""

    machine: Machine
    form: str
    seconds: float
    processor: float
    swept: Sequence[Swept]
    planted: int = 0
    missed: Sequence[str] = field(default=())

    @property
    def holds(self) -> bool:
        """Whether every invariant held, something was cut, and every planted defect was found."""
        cut = bool(self.swept) and all(swept.total for swept in self.swept)
        return cut and not self.violations and not self.missed

    @property
    def violations(self) -> int:
        return sum(len(swept.violations) for swept in self.swept)

    @property
    def points(self) -> Counter[str]:
        """Cut points by kind, of all scenarios."""
        return sum((swept.points for swept in self.swept), Counter())

    def text(self) -> str:
        """For people."""
        width = max((len(swept.scenario) for swept in self.swept), default=0)
        lines = [f"{'command':{width}}  profile      commits  octets  cut points  violations"]
        for swept in self.swept:
            lines.append(
                f"{swept.scenario:{width}}  {swept.profile:11}  {swept.commits:7}  {swept.octets:6}"
                f"  {swept.total:10,}  {len(swept.violations):10}"
            )
            lines += [f"    {violation}" for violation in swept.violations[:_SHOWN]]
            if len(swept.violations) > _SHOWN:
                lines.append(f"    and {len(swept.violations) - _SHOWN} more")
        lines.append("")
        lines += [f"{count:10,}  {kind}" for kind, count in self.points.most_common()]
        lines.append(
            f"{self.points.total():10,}  cut points in {len(self.swept)} commands,"
            f" {self.violations} violated invariants"
        )
        if self.planted:
            found = self.planted - len(self.missed)
            lines.append(f"{found} of {self.planted} planted defects found")
            lines += [f"    missed: {name}" for name in self.missed]
        lines.append(
            f"{self.form}: {self.processor:.0f} s of one core, {self.seconds:.0f} s in all, on"
            f" {self.machine.text()}"
        )
        return "\n".join(lines)

    def json(self) -> str:
        """For programs."""
        return json.dumps(
            {
                "form": self.form,
                "seconds": round(self.seconds, 1),
                "processor_seconds": round(self.processor, 1),
                "machine": asdict(self.machine),
                "cut_points": self.points.total(),
                "cut_points_by_kind": dict(self.points),
                "violations": self.violations,
                "planted": self.planted,
                "missed": list(self.missed),
                "commands": [
                    {
                        "command": swept.scenario,
                        "profile": swept.profile,
                        "steps": swept.steps,
                        "commits": swept.commits,
                        "octets": swept.octets,
                        "cut_points": dict(swept.points),
                        "violations": swept.violations,
                    }
                    for swept in self.swept
                ],
            },
            indent=2,
        )
