"""Reads and keeps the few-shot style guide: a folder of rules and examples that a team owns.

`guide` is what stands in the files, `load` reads them, `example_selection` picks the examples for a question,
`rules` checks answers, `hot_reload` keeps what was loaded in step with the files, `lint` is `docent style check`.
"""
