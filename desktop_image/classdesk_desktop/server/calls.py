"""What the session's page asks the session to do: small JSON calls, each answered in a sentence where it is refused."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from jupyter_server.base.handlers import APIHandler
from tornado import web
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

from classdesk_desktop.lesson import files
from classdesk_desktop.lesson.model import LessonError
from classdesk_desktop.messages import ProtocolError, as_json, read, read_text
from classdesk_desktop.people.messages import Messages
from classdesk_desktop.protocol import DesktopReset, Extend, Extension, HubPath, LessonReset, Policy, Refusal
from classdesk_desktop.reset.settings_store import reset_settings
from classdesk_desktop.server.channel import Channels
from classdesk_desktop.server.ending import say_goodbye
from classdesk_desktop.server.identity import who_asks
from classdesk_desktop.server.scale import ScaleError, set_scale

_HUB_SECONDS: Final = 20.0
_SCALES: Final = (1, 2)


class RefusedError(Exception):
    """A call that cannot be done.

    Attributes:
        status: the HTTP status that fits.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class _Call(APIHandler):
    """A call whose refusal is a sentence."""

    @property
    def channels(self) -> Channels:
        """The session's open pages."""
        channels: Channels = self.settings["classdesk_channels"]
        return channels

    @property
    def policy(self) -> Policy:
        """What the site allows."""
        policy: Policy = self.settings["classdesk_policy"]
        return policy

    @web.authenticated
    async def post(self) -> None:
        """Do what is asked, and answer in JSON."""
        try:
            answer = await self.do(self._wish())
        except RefusedError as error:
            self.set_status(error.status)
            answer = asdict(Refusal(str(error)))
        self.finish(answer)

    async def do(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Do it; returns the answer."""
        raise NotImplementedError

    def _wish(self) -> dict[str, Any]:
        try:
            wish = json.loads(self.request.body or b"{}")
        except ValueError as error:
            raise RefusedError(400, "The request is not valid JSON.") from error
        if not isinstance(wish, dict):
            raise RefusedError(400, "The request is not a JSON object.")
        return wish

    def tell_supervisor(self, number: signal.Signals) -> None:
        """Send a signal to the session's supervisor."""
        supervisor: int = self.settings["classdesk_supervisor"]
        # The supervisor is this process's parent for as long as both live; its number could be another's
        # after its end.
        if not supervisor or os.getppid() != supervisor:
            raise RefusedError(409, "This server has no supervisor that could do this.")
        os.kill(supervisor, number)


class StateHandler(APIHandler):
    """What the desktop is doing, as JSON. The page asks by itself, so asking is not activity."""

    _track_activity = False

    @web.authenticated
    def get(self) -> None:
        """Send what the channel tells, once."""
        channels: Channels = self.settings["classdesk_channels"]
        self.set_header("Cache-Control", "no-store")
        self.finish(channels.state_message())


class RestartHandler(_Call):
    """Starts a new desktop, where the old one has failed or was left by a log-out."""

    async def do(self, wish: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """Ask the supervisor for a new desktop."""
        self.tell_supervisor(signal.SIGUSR1)
        self.set_status(202)
        return {}


class ResetHandler(_Call):
    """Repairs what a learner's settings or changes have broken; what was there is kept under another name."""

    async def do(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Move things aside, and start a fresh desktop where its settings were among them."""
        answer = await self._reset(wish)
        person = who_asks(self)
        if not person.is_owner:
            messages: Messages = self.settings["classdesk_messages"]
            if answer.get("restored") != ():
                done = _DONE[wish["what"]]
                await messages.tell(f"{person.shown} {done} {answer['sentence']}")
        return answer

    async def _reset(self, wish: dict[str, Any]) -> dict[str, Any]:
        home = Path(os.environ["HOME"])
        if wish.get("what") == "desktop":
            report = await asyncio.to_thread(reset_settings, home)
            self.tell_supervisor(signal.SIGUSR1)
            return asdict(DesktopReset(report.sentence, report.kept))
        if wish.get("what") == "lesson":
            try:
                restored = await asyncio.to_thread(files.reset_all, home)
            except LessonError as error:
                raise RefusedError(409, str(error)) from error
            kept = [files.shown(path, home) for path in restored.values() if path]
            names = [path.name for path in restored]
            return asdict(LessonReset(_lesson_sentence(names, kept), tuple(names), tuple(kept)))
        raise RefusedError(400, 'What is to be reset must be "desktop" or "lesson".')


# What an instructor did, for the learner.
_DONE: Final = {
    "desktop": "has reset your desktop: the windows have closed, and your files are all there.",
    "lesson": "has restored the lesson's files. If one is open in your editor, open it again.",
}


def _lesson_sentence(restored: list[str], kept: list[str]) -> str:
    if not restored:
        return "All files of the lesson were unchanged already."
    sentence = f"Fresh copies: {', '.join(restored)}."
    return f"{sentence} Yours are kept: {', '.join(kept)}." if kept else sentence


class EndHandler(_Call):
    """Ends the session at its owner's wish, as its time limit would, only sooner."""

    async def do(self, wish: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """Say goodbye to the pages, then ask the supervisor to stop."""
        self.tell_supervisor(signal.SIGTERM)
        say_goodbye(self.channels, "logout")
        self.set_status(202)
        return {}


class ExtendHandler(_Call):
    """Asks the hub for more time, where the site gives it."""

    async def do(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Ask the hub, and tell the pages the new end."""
        minutes = wish.get("minutes")
        if not self.policy.extend_minutes:
            raise RefusedError(403, "Your site does not allow extending sessions.")
        if type(minutes) is not int or not 0 < minutes <= self.policy.extend_minutes:
            text = f"A session can be extended by up to {self.policy.extend_minutes} minutes at a time."
            raise RefusedError(400, text)
        answer = read(Extension, await _ask_hub(HubPath.EXTEND, Extend(minutes)))
        self.channels.state.update(end=answer.end)
        return {"end": answer.end}


async def _ask_hub(path: HubPath, wish: Extend) -> object:
    request = HTTPRequest(
        f"{os.environ['JUPYTERHUB_API_URL'].rstrip('/')}/{path}",
        method="POST",
        headers={
            "Authorization": f"token {os.environ['JUPYTERHUB_API_TOKEN']}",
            "Content-Type": "application/json",
        },
        body=as_json(wish),
        request_timeout=_HUB_SECONDS,
    )
    try:
        response = await AsyncHTTPClient().fetch(request)
        return json.loads(response.body)
    except HTTPClientError as error:
        if error.response is None or error.code >= 500:
            raise RefusedError(409, _NO_HUB) from error
        raise RefusedError(error.code if error.code in {403, 409} else 409, _sentence(error.response.body)) from error
    except (OSError, ValueError) as error:
        raise RefusedError(409, _NO_HUB) from error


_NO_HUB: Final = "The hub does not answer. Please try again in a minute."


def _sentence(body: bytes) -> str:
    try:
        told = read_text(Refusal, body).message
    except ProtocolError:
        told = ""
    return told or "The hub refused it."


class ScaleHandler(_Call):
    """Lets the desktop draw everything larger, for screens with more pixels."""

    _lock = asyncio.Lock()

    async def do(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Set the factor, and tell all pages."""
        factor = wish.get("factor")
        if factor not in _SCALES:
            raise RefusedError(400, f"The factor must be one of {_SCALES}.")
        async with self._lock:  # two pages on two screens: one after the other
            try:
                await set_scale(self.settings["classdesk_runtime"], factor)
            except ScaleError as error:
                raise RefusedError(409, str(error)) from error
            self.channels.state.update(scale=factor)
        return {"factor": factor}
