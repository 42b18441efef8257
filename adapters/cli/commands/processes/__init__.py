"""Commands that go on until they are stopped, and the one that asks whether they live."""
