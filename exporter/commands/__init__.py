"""The commands, one file each: `execute(options, load)` returns the exit status.

`options` are the parsed flags, `load` reads the configuration they choose. A `UserError` becomes one line on stderr.
"""
