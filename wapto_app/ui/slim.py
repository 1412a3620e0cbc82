"""Keeps out of the built page what this app does not use: 20 kB of every first visit.

Reflex hands each element to ``@emotion/react`` and puts whole libraries at ``window.__reflex`` for components that a
server sends as text. Neither happens here: styles are classes, and the page's policy forbids to evaluate text.
"""

from __future__ import annotations

import re

import reflex as rx
from reflex_base.plugins.base import PreCompileContext
from typing_extensions import Unpack

# Where ``ui.browser`` links the JSX files of this package to.
_ELEMENT = "./public/external/wapto_app/ui/browser/element.jsx"
_NO_TRANSPORT = "./public/external/wapto_app/ui/browser/no_transport.jsx"
_ALIAS = f"""    alias: [
      {{ find: "@emotion/react", replacement: fileURLToPath(new URL("{_ELEMENT}", import.meta.url)) }},
      {{
        find: /^\\.\\/(?:polling-xhr(?:\\.node)?|webtransport)\\.js$/,
        replacement: fileURLToPath(new URL("{_NO_TRANSPORT}", import.meta.url)),
      }},"""
_ALIASES = "    alias: ["
# An icon is 150 bytes of drawing, and as a file of its own it costs a request and a thousand bytes of head lines.
_GROUP = r"""          groups: [
            { test: /[\\/]lucide-react[\\/]dist[\\/]esm[\\/]/, name: "icons", minShareCount: 2 },"""
_GROUPS = "          groups: ["
_WINDOW = re.compile(
    r"  useEffect\(\(\) => \{\s*// Make contexts and state objects.*?\}, \[\]\);\n", re.DOTALL
)
_NAMESPACE = re.compile(
    r'^import \* as (?:emotion_react|utils_context|utils_context_registry|utils_state) from "[^"]+";\n', re.M
)


class Changed(Exception):
    """A new Reflex writes these files in another way; look at them before you raise its version."""


class SlimPage(rx.plugins.Plugin):
    """A plugin of the build; see ``rxconfig.py``."""

    def pre_compile(self, **context: Unpack[PreCompileContext]) -> None:
        context["add_modify_task"]("vite.config.js", without_emotion)
        context["add_modify_task"]("vite.config.js", with_icons_together)
        context["add_modify_task"]("app/root.jsx", without_window)


def without_emotion(config: str) -> str:
    """Vite's configuration, with our own maker of elements. Raises Changed."""
    if _ELEMENT in config:
        return config
    if config.count(_ALIASES) != 1:
        raise Changed("vite.config.js")
    return config.replace(_ALIASES, _ALIAS)


def with_icons_together(config: str) -> str:
    """Vite's configuration, with the icons that several parts share in one file. Raises Changed."""
    if _GROUP in config:
        return config
    if config.count(_GROUPS) != 1:
        raise Changed("vite.config.js")
    return config.replace(_GROUPS, _GROUP)


def without_window(root: str) -> str:
    """The root of the page, without the libraries at ``window``. Raises Changed."""
    slim, found = _WINDOW.subn("", root)
    slim, names = _NAMESPACE.subn("", slim)
    if found != 1 or names != 4 or "window.__reflex" in slim:
        raise Changed("root.jsx")
    return slim
