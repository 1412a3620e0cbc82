"""The design system: shell, tokens and the components that every page is built of."""
