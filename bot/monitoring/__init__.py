"""Makes a process watchable: `/health`, `/ready`, `/metrics`, and traces for OpenTelemetry.

It reads what the parts know of themselves and hears what came to an end; no part knows it. No text of a page or a
question gets here, and nothing that names a person or a place.
"""
