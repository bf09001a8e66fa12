"""The one way to a language model: gateway, response store, limits, retries and cost."""
