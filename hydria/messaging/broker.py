"""Whether a broker answers and lets us in: asked once, before anything that needs it is started."""

from urllib.parse import unquote, urlsplit

import amqp

REACH_S = 5.0
PORT = 5672


def reach(url: str) -> None:
    """One of the brokers at rabbit://user:password@host:port,.../virtual_host answers; raises OSError with the last one's words."""
    whole = urlsplit(url)
    said: Exception | None = None
    for one in (urlsplit(f"//{piece}") for piece in whole.netloc.split(",")):
        login = {"userid": unquote(one.username or "guest"), "password": unquote(one.password or "guest")}
        place = {"host": f"{one.hostname}:{one.port or PORT}", "virtual_host": unquote(whole.path[1:]) or "/"}
        try:
            with amqp.Connection(**place, **login, connect_timeout=REACH_S, read_timeout=REACH_S):
                return
        except (OSError, amqp.AMQPError) as error:
            said = error
    raise OSError(str(said)) from said
