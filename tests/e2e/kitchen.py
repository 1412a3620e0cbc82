"""The whole app as it is shipped, and the kitchen sink beside it."""

import os

os.environ["WAPTO_DEV"] = "1"

from wapto_app.app import app

__all__ = ["app"]
