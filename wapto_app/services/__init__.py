"""The rules of the product, one module per feature. Services never know Reflex or Starlette."""
