"""The console's figures, over HTTP."""

from .base import ConsoleHandler


class MetricsHandler(ConsoleHandler):
    """`GET metrics`, for Prometheus."""

    @property
    def hub_scopes(self) -> set[str]:
        """The same scope that the hub's own /hub/metrics wants."""
        return {"read:metrics"}

    async def get(self) -> None:
        """Answer with the figures."""
        await self.context.view.fresh()
        self.set_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.finish(self.context.metrics.text())
