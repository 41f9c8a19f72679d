"""Tables for papers: `grue table` and `grue cite`.

`sheet` has the form of a table, `content` and its neighbours fill it, `layout` makes it fit a page, `latex` prints it.
"""
