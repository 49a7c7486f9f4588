"""Small pictures of the desktops."""

from tornado import web

from .base import ConsoleHandler, translated


class ThumbnailHandler(ConsoleHandler):
    """`GET api/class/CLASS/thumbnail/NAME`."""

    @translated
    async def get(self, name: str, learner: str) -> None:
        """Answer with a small picture of a learner's desktop, 204 where there is none."""
        await self.check_member(name, learner)
        if not self.context.site.desktop.thumbnails:
            raise web.HTTPError(403, "This site has not switched on pictures of the desktops.")
        picture = await self.context.hub.picture(learner, self.token)
        if picture is None:
            self.set_status(204)
            return
        # A learner's session sent it: nothing but a picture may come of it.
        self.set_header("Content-Type", picture.kind)
        self.set_header("Content-Security-Policy", "default-src 'none'; sandbox")
        self.finish(picture.data)
