"""What somebody has sent as JSON, checked once."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from tornado import web

Body = TypeVar("Body", bound=BaseModel)


def read_body(model: type[Body], body: bytes) -> Body:
    """Return a request's body as a model.

    Args:
        model: What is expected.
        body: The JSON text.

    Raises:
        tornado.web.HTTPError: 400, with the first thing that is wrong in one sentence.
    """
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        sentence = f"{problem['msg'].removeprefix('Value error, ').rstrip('.')}."
        field = ".".join(map(str, problem["loc"]))
        raise web.HTTPError(400, f"{field}: {sentence}" if field else sentence) from None
