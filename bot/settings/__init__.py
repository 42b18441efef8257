"""The sections of docent.yaml, as frozen models. bot.config puts them together and fills in the environment."""
