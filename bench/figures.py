"""Print figures with their limits, and whether they are met."""


class Figures:
    """Prints rows and remembers whether one was missed."""

    def __init__(self) -> None:
        self.missed: list[str] = []

    def at_least(self, what: str, figure: float, limit: float, unit: str = "") -> None:
        """Print a figure that should be at least a limit."""
        self._row(what, figure, f"≥ {limit:g}", unit, met=figure >= limit)

    def at_most(self, what: str, figure: float, limit: float, unit: str = "") -> None:
        """Print a figure that should be at most a limit."""
        self._row(what, figure, f"≤ {limit:g}", unit, met=figure <= limit)

    def note(self, what: str, figure: float, unit: str = "") -> None:
        """Print a figure that has no limit."""
        print(f"  {what:<66} {_short(figure):>9} {unit:<8}", flush=True)

    def _row(self, what: str, figure: float, limit: str, unit: str, *, met: bool) -> None:
        if not met:
            self.missed.append(what)
        verdict = "met" if met else "missed"
        print(f"  {what:<66} {_short(figure):>9} {unit:<8} {limit:>8}  {verdict}", flush=True)


def _short(figure: float) -> str:
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:.3g}"
