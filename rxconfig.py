"""How Reflex builds and serves the page; see docs/architecture.md."""

import reflex as rx

from wapto_app.ui.slim import SlimPage

config = rx.Config(
    app_name="wapto_app",
    app_module_import="wapto_app.app",
    telemetry_enabled=False,
    show_built_with_reflex=False,
    state_manager_mode="memory",
    redis_token_expiration=86_400,
    default_color_mode="system",
    frontend_compression_formats=["brotli", "gzip"],
    plugins=[rx.plugins.TailwindV4Plugin(), SlimPage()],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
