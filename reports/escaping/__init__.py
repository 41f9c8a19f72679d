"""Names and messages from elsewhere, made safe for each format that reports are written in; a file a format.

`latex` (and BibTeX), `markdown`, `spreadsheet` (CSV), `json_text`, `figures`, `files` (their names). jinja2 escapes
HTML, as `page/site.py` sets it to, everywhere; text for a terminal is that of `engine/printable.py`.

All take text that may hold any character, and none raises for it. What they return, read by a parser of the format, is
the text, with escape sequences for characters that cannot be seen.
"""
