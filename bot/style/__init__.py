"""The few-shot style guide: a folder of rules and examples that a team owns.

`guide` is what stands in the files, `load` reads them, `choose` picks the examples for a question, `rules`
checks answers, `live` keeps what was loaded in step with the files, `lint` is `docent style check`.
"""
