"""Keeps out of the built page what this app does not use: 25 kB of every first visit.

Reflex hands each element to ``@emotion/react``, keeps vars in cookies, and puts whole libraries at ``window.__reflex``
for components that a server sends as text. None of it happens here: styles are classes, what a tab knows stays on the
server, and the page's policy forbids to evaluate text.
"""

from __future__ import annotations

import re

import reflex as rx
from reflex_base.plugins.base import PreCompileContext
from typing_extensions import Unpack

# Where ``ui.browser`` links the JSX files of this package to.
_FILES = "./public/external/wapto_app/ui/browser/"
_STAND_INS = {
    '"@emotion/react"': "element.jsx",
    '"mergician"': "merge_props.jsx",
    '"universal-cookie"': "no_cookies.jsx",
    r"/^\.\/(?:polling-xhr(?:\.node)?|webtransport)\.js$/": "no_transport.jsx",
}
_ALIASES = "    alias: ["
_ALIAS = "\n".join(
    [_ALIASES]
    + [
        f'      {{ find: {name}, replacement: fileURLToPath(new URL("{_FILES}{file}", import.meta.url)) }},'
        for name, file in _STAND_INS.items()
    ]
)
# An icon is 150 bytes of drawing, and as a file of its own it costs a request and a thousand bytes of head lines. So
# those that several parts share are in two files: the first is what a visit to the inbox needs.
_GROUP = r"""          groups: [
            { test: /[\\/]lucide-react[\\/]dist[\\/]esm[\\/]/, name: iconFile, minShareCount: 2 },"""
_GROUPS = "          groups: ["
_CONFIG = "export default defineConfig("
_ICON_FILE = r"""const inInbox = new Map();

function isInInbox(id, modules) {
  if (!inInbox.has(id)) {
    inInbox.set(id, false);
    const isPage = id.includes("/app/routes/[inbox].$.jsx");
    inInbox.set(id, isPage || (modules.getModuleInfo(id)?.importers ?? []).some((by) => isInInbox(by, modules)));
  }
  return inInbox.get(id);
}

function iconFile(id, modules) {
  return isInInbox(id, modules) ? "icons" : "more-icons";
}

"""
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
        context["add_modify_task"]("vite.config.js", with_stand_ins)
        context["add_modify_task"]("vite.config.js", with_icons_together)
        context["add_modify_task"]("app/root.jsx", without_window)


def with_stand_ins(config: str) -> str:
    """Vite's configuration, with our small files in the place of libraries. Raises Changed."""
    if _ALIAS in config:
        return config
    if config.count(_ALIASES) != 1:
        raise Changed("vite.config.js")
    return config.replace(_ALIASES, _ALIAS)


def with_icons_together(config: str) -> str:
    """Vite's configuration, with the icons that several parts share in two files. Raises Changed."""
    if _GROUP in config:
        return config
    if config.count(_GROUPS) != 1 or config.count(_CONFIG) != 1:
        raise Changed("vite.config.js")
    return config.replace(_GROUPS, _GROUP).replace(_CONFIG, _ICON_FILE + _CONFIG)


def without_window(root: str) -> str:
    """The root of the page, without the libraries at ``window``. Raises Changed."""
    slim, found = _WINDOW.subn("", root)
    slim, names = _NAMESPACE.subn("", slim)
    if found != 1 or names != 4 or "window.__reflex" in slim:
        raise Changed("root.jsx")
    return slim
