"""What is left out of the built page is left out of exactly the files that we know."""

from __future__ import annotations

import pytest

from wapto_app.ui import slim

VITE = """export default defineConfig((config) => ({
      output: {
        codeSplitting: {
          groups: [
            {
              test: /env.json/,
            },
          ],
    alias: [
      {
        find: "$",
      },
    ],
"""
ROOT = """import {jsx} from "@emotion/react"
import * as React from "react";
import * as emotion_react from "@emotion/react";
import * as utils_context from "$/utils/context";
import * as utils_context_registry from "$/utils/context-registry";
import * as utils_state from "$/utils/state";
function ReflexProviders({children}) {
  useEffect(() => {
    // Make contexts and state objects available globally for dynamic eval'd components
    window.__reflex = {
          "react": React,
    };
  }, []);
  return children;
}
"""


def test_elements_are_made_with_stand_ins_and_a_second_time_changes_nothing() -> None:
    once = slim.with_icons_together(slim.with_stand_ins(VITE))
    for file in ("element.jsx", "merge_props.jsx", "no_cookies.jsx", "no_transport.jsx"):
        assert once.count(file) == 1
    assert once.count("name: iconFile") == 1
    assert once.index("function iconFile") < once.index("export default")
    assert 'find: "$"' in once
    assert slim.with_icons_together(slim.with_stand_ins(once)) == once


def test_no_library_stands_at_window() -> None:
    root = slim.without_window(ROOT)
    assert "__reflex" not in root
    assert "import * as emotion" not in root
    assert 'import {jsx} from "@emotion/react"' in root
    assert "return children;" in root


@pytest.mark.parametrize(
    "change",
    [slim.with_stand_ins, slim.with_icons_together, slim.without_window],
    ids=lambda change: change.__name__,
)
def test_another_reflex_is_noticed_at_the_build(change: object) -> None:
    with pytest.raises(slim.Changed):
        change("something else")  # type: ignore[operator]
