"""a call that a model chose: allow it, hold it for a person, or refuse it; the last line is no.

`values.py` reads addresses, accounts and numbers out of texts, `tracing.py` says where the values
of a call come from, `judging.py` rules, `granting.py` makes a grant of a tool's schema.

Two ways of reading, and they are not the same. A value passes only where it stands *exactly* so
in the request or a trusted record: nothing that merely looks alike, is encoded or is part of more
does. What has to have a source is looked for *widely*: through look-alike letters, invisible ones,
encodings and words for signs. So reading more into a text can only hold more.
"""
