"""Leaves out of the page what Reflex brings along and we do not use.

Reflex makes every element by Emotion, a library that writes style sheets while the page runs. Our styles are
Tailwind's, so eight kilobytes of everybody's first load would do nothing but pass elements on to React.
"""

from __future__ import annotations

from typing import Any

import reflex as rx

_ELEMENTS = "utils/elements.js"
_SOURCE = """\
import { createElement } from "react";

// Reflex hands the `style` of a component over as `css`.
export function jsx(type, props, ...children) {
  if (!props?.css) return createElement(type, props, ...children);
  const { css, style, ...rest } = props;
  return createElement(type, { ...rest, style: { ...css, ...style } }, ...children);
}
"""
_ALIASES = "    alias: [\n"
_OURS = f"""\
      {{
        find: "@emotion/react",
        replacement: fileURLToPath(new URL("./{_ELEMENTS}", import.meta.url)),
      }},
"""


class PlainElements(rx.plugins.Plugin):
    """Puts a function of ours in the place of Emotion's.

    A ``style`` must then be plain properties: no selectors and no lists of values by width, which are Tailwind's part.
    """

    def pre_compile(self, **context: Any) -> None:
        context["add_save_task"](lambda: (_ELEMENTS, _SOURCE))
        context["add_modify_task"]("vite.config.js", with_alias)


def with_alias(config: str) -> str:
    """The bundler's settings with our name for Emotion.

    Raises:
        ValueError: when they are not as we know them, because Reflex changed; then this module must follow.
    """
    if _OURS in config:
        return config
    if _ALIASES not in config:
        raise ValueError("vite.config.js has no list of aliases: this Reflex is not the one we know.")
    return config.replace(_ALIASES, _ALIASES + _OURS)
