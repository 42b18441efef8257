"""An answer quoted from passages, without a language model. Pure but for `bot.backends.extractive`."""
